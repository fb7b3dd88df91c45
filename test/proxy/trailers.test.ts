import t from "tap";
import { startGateway } from "../support/gateway.ts";
import { field, readMessage } from "../support/message.ts";
import { startUpstream } from "../support/raw-upstream.ts";

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

t.test("TE: trailers is passed on as a statement of this hop", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: TE\r\nTE: gzip, trailers;q=1\r\n\r\n");
  const { request } = await upstream.request();
  t.equal(field(request, "te")?.includes("gzip") ?? false, false);
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
