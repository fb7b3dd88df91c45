import t from "tap";
import { startGateway } from "../support/gateway.ts";
import { field } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.test("trailers pass in both directions", async (t) => {
  const upstream = await startUpstream(t, ({ trailers }) => {
    const value = trailers.map((trailer) => trailer.join("=")).join();
    return `HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: ${value}\r\n\r\n`;
  });
  const proxy = await startGateway(t, upstream.address);
  const response = await proxy.ask(
    "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Check: 7\r\n\r\n",
  );
  t.equal(response.body, "hi");
  t.same(response.trailers, [["X-Sum", "X-Check=7"]]);
});

t.test("of TE only trailers is passed on, as a statement of this hop", async (t) => {
  const upstream = await startUpstream(t, (request) =>
    ok(`${field(request, "connection")}|${field(request, "te")}`),
  );
  const proxy = await startGateway(t, upstream.address);
  const ask = async (te: string) =>
    (await proxy.ask(`GET / HTTP/1.1\r\nHost: a\r\nConnection: TE\r\nTE: ${te}\r\n\r\n`)).body;
  t.equal(await ask("gzip, trailers"), "TE|trailers");
  t.equal(await ask("gzip"), "null|null");
});

t.test("a trailer that frames or routes is refused from either side", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const { peer } = await upstream.request();
  peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n");
  await client.take("hi\r\n");
  peer.write("0\r\nContent-Length: 9\r\n\r\n");
  t.equal(await client.ended(), "reset");
  const response = await proxy.ask(
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: b\r\n\r\n",
  );
  t.equal(response.status, 400);
});
