/** `ctx.keepGoing`: a client leaves, and its request is finished. */
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { until } from "../net/until.ts";
import { get } from "../support/gateway.ts";
import { readMessage } from "../support/message.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);

const keeps = (where: string) => `export default {
  onRequest(request, ctx) { ${where === "request" ? "ctx.keepGoing();" : ""} },
  onResponse(response, ctx) { ${where === "response" ? "ctx.keepGoing();" : ""} ctx.log.info("response"); },
  onResponseBody(chunk, ctx) { if (ctx.last) ctx.log.info("whole"); },
  onLog(record, ctx) { ctx.log.info("log"); },
};`;

t.test("a client that leaves before there is an answer ends nothing", async (t) => {
  const service = await startUpstream(t);
  const gateway = await startPolicyGateway(t, service.address, { plugins: { "a.ts": keeps("request") } });
  const client = await gateway.connect();
  client.write(get());
  const { peer } = await service.request();
  client.socket.resetAndDestroy();
  t.match(await gateway.record(1), { status: 499, error: "client_gone" });
  peer.write(ok("for nobody"));
  await until(() => gateway.lines.length === 3);
  t.same(
    gateway.lines.map(({ message }) => message),
    ["response", "whole", "log"],
  );
  t.equal(gateway.records.length, 1, "the request is logged once");
  peer.write("");
  const again = gateway.ask(get());
  await readMessage(peer);
  peer.write(ok("again"));
  t.equal((await again).body, "again", "over the same connection");
});

t.test("a client that stops to read in the middle and leaves holds up nothing", async (t) => {
  const service = await startUpstream(t);
  const gateway = await startPolicyGateway(t, service.address, { plugins: { "a.ts": keeps("response") } });
  const client = await gateway.connect();
  client.socket.pause();
  client.write(get());
  const { peer } = await service.request();
  const length = 16 * 1024 * 1024;
  peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`);
  peer.socket.write(Buffer.alloc(length, "x"));
  // What has piled up on the way shows that the client is too slow.
  await until(() => gateway.accepted[0]!.writableLength > 0);
  t.notOk(gateway.lines.some(({ message }) => message === "whole"));
  client.socket.resetAndDestroy();
  await until(() => gateway.lines.some(({ message }) => message === "log"));
  t.ok(gateway.lines.some(({ message }) => message === "whole"));
});

t.test("without that a client that leaves ends its request", async (t) => {
  const service = await startUpstream(t);
  const gateway = await startPolicyGateway(t, service.address, { plugins: { "a.ts": keeps("never") } });
  const client = await gateway.connect();
  client.write(get());
  const { peer } = await service.request();
  client.socket.resetAndDestroy();
  await until(() => peer.socket.readableEnded || peer.socket.destroyed);
  await until(() => gateway.lines.length === 1);
  t.same(
    gateway.lines.map(({ message }) => message),
    ["log"],
  );
});

t.test("a request whose body is not whole ends with its client", async (t) => {
  const service = await startUpstream(t, () => null);
  const gateway = await startPolicyGateway(t, service.address, { plugins: { "a.ts": keeps("request") } });
  const client = await gateway.connect();
  client.write("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nhalf");
  const peer = await service.connection();
  client.socket.resetAndDestroy();
  await until(() => peer.socket.readableEnded || peer.socket.destroyed);
  t.match(await gateway.record(1), { status: 499 });
});

t.test("a policy that fails behind the client's back, and an endpoint that does, end it", async (t) => {
  const service = await startUpstream(t);
  const gateway = await startPolicyGateway(t, service.address, { plugins: { "a.ts": keeps("request") } });
  for (let n = 1; n <= 2; n++) {
    const client = await gateway.connect();
    client.write(get());
    const { peer } = await service.request();
    client.socket.resetAndDestroy();
    await gateway.record(n);
    if (n === 1) peer.socket.destroy();
    else peer.write("no response\r\n\r\n");
    await until(() => gateway.lines.filter(({ message }) => message === "log").length === n);
  }
  t.equal(gateway.records.length, 2);
});
