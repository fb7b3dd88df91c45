import t from "tap";
import { get, startGateway } from "../support/gateway.ts";
import { field, readMessage } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.test("a body longer than the limit is refused by its Content-Length", async (t) => {
  const upstream = await startUpstream(t, ({ body }) => ok(body));
  const proxy = await startGateway(t, upstream.address, { limits: { requestBody: 5 } });
  const post = (body: string) =>
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  t.equal((await proxy.ask(post("12345"))).body, "12345");
  t.equal((await proxy.ask(post("123456"))).status, 413);
  t.equal((await proxy.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n")).status, 413);
  t.equal(upstream.connections.length, 1);
});

t.test("the data of a chunked body is counted while it streams", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, { limits: { requestBody: 10 } });
  const client = await proxy.connect();
  client.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n");
  const peer = await upstream.connection();
  await peer.take("12345678\r\n");
  client.write("3\r\n9ab\r\n");
  const response = await readMessage(client);
  t.equal(response.status, 413);
  t.equal(field(response, "connection"), "close");
  await peer.ended();
  t.notMatch(peer.text, "0\r\n\r\n", "the endpoint did not get a whole body");
});

t.test("chunk framing does not count as body", async (t) => {
  const upstream = await startUpstream(t, ({ body }) => ok(body));
  const proxy = await startGateway(t, upstream.address, { limits: { requestBody: 4 } });
  const chunks = [..."abcd"].map((byte) => `1;ext=${"e".repeat(50)}\r\n${byte}\r\n`).join("");
  const response = await proxy.ask(
    `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`,
  );
  t.equal(response.body, "abcd");

  const client = await proxy.connect();
  client.write(
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Checksum: abcdef\r\n\r\n",
  );
  t.equal((await readMessage(client)).status, 200, "nor do the trailers of an empty body");
});

t.test("a listener that is full answers 503, says so once, and serves again", async (t) => {
  const upstream = await startUpstream(t, () => ok("served"));
  const proxy = await startGateway(t, upstream.address, { listener: { maxConnections: 2 } });
  const [first, second] = [await proxy.connect(), await proxy.connect()];
  for (const client of [first, second]) {
    client.write(get());
    await readMessage(client);
  }
  for (let i = 0; i < 3; i++) {
    const third = await proxy.connect();
    third.write(get());
    const response = await readMessage(third);
    t.equal(response.status, 503);
    t.equal(field(response, "connection"), "close");
    t.match(field(response, "proxy-status"), "error=connection_limit_reached");
    t.equal(await third.ended(), "end");
  }
  const lines = proxy.log.lines.filter((line) => line.startsWith("warn"));
  t.same(lines, ["warn Too many connections; new ones are answered 503"]);
  second.close();
  await second.ended();
  t.equal((await proxy.ask(get())).body, "served");
});
