/** Clients that read what is being fetched for another one, through a real listener. */
import t, { type Test } from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { until } from "../../net/until.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { get } from "../../support/gateway.ts";
import { field, readMessage } from "../../support/message.ts";
import { startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

/** More than the buffers of the sockets on the way hold. */
const long = 32 * 1024 * 1024;
const roomy = { maxBody: long };

/** A cache before a service whose only response has begun, and its client. */
async function start(t: Test, length: number, config: object = {}) {
  const service = await startUpstream(t);
  const gateway = await startBuiltInGateway(t, service.address, [{ plugin: "cache", config }]);
  const leader = await gateway.connect();
  leader.write(get());
  const { peer } = await service.request();
  peer.write(
    `HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nETag: "a"\r\nContent-Length: ${length}\r\n\r\n`,
  );
  return { gateway, service, leader, peer };
}

/** What has arrived at a client so far, as a text that grows. */
function gather(socket: import("node:net").Socket) {
  const gathered = { text: "", isOver: false };
  socket.on("data", (bytes: Buffer) => {
    gathered.text += bytes.toString("latin1");
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    gathered.isOver = true;
  });
  return gathered;
}

t.test("a download begins for all at once, while it is on its way for the first", async (t) => {
  const { gateway, leader, peer, service } = await start(t, 10);
  peer.write("01234");
  const first = gather(leader.socket);
  await until(() => first.text.endsWith("01234"));
  const others = await Promise.all(Array.from({ length: 20 }, () => gateway.connect()));
  const texts = others.map(({ socket }) => gather(socket));
  for (const other of others) other.write(get());
  await until(() => texts.every(({ text }) => text.endsWith("01234")));
  t.ok(texts.every(({ text }) => text.includes("Content-Length: 10\r\n")));
  peer.write("56789");
  await until(() => texts.every(({ text }) => text.endsWith("0123456789")));
  await until(() => first.text.endsWith("0123456789"));
  t.equal(service.connections.length, 1);
  t.match(field(await gateway.ask(get()), "cache-status"), /; hit/, "and it is kept");
});

t.test("who waited for the head reads along, too", async (t) => {
  const service = await startUpstream(t);
  const gateway = await startBuiltInGateway(t, service.address, ["cache"]);
  const [leader, other] = [await gateway.connect(), await gateway.connect()];
  leader.write(get());
  const { peer } = await service.request();
  other.write(get());
  await until(() => gateway.counts.length === 1);
  peer.write("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 4\r\n\r\nab");
  const text = gather(other.socket);
  await until(() => text.text.endsWith("ab"));
  peer.write("cd");
  await until(() => text.text.endsWith("abcd"));
  t.match(text.text, "collapsed");
});

t.test("a download that breaks off breaks off for all, and nothing of it is kept", async (t) => {
  const { gateway, peer, service } = await start(t, 10);
  peer.write("01234");
  const other = await gateway.connect();
  const text = gather(other.socket);
  other.write(get());
  await until(() => text.text.endsWith("01234"));
  peer.socket.destroy();
  await until(() => text.isOver);
  t.notMatch(text.text, "56789");
  const again = gateway.ask(get());
  const next = await service.request();
  next.peer.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole");
  t.equal((await again).body, "whole");
});

t.test("a first client that reads slowly holds up none of those that read along", async (t) => {
  const length = long;
  const { gateway, leader, peer } = await start(t, length, roomy);
  leader.socket.pause();
  peer.socket.write(Buffer.alloc(length / 2, "x"));
  await until(() => gateway.accepted[0]!.writableLength > 0);
  const other = gateway.ask(get());
  peer.socket.write(Buffer.alloc(length / 2, "y"));
  const { body } = await other;
  t.equal(body.length, length);
  t.ok(body.endsWith("y"));
  leader.socket.resume();
  t.equal((await readMessage(leader)).body.length, length, "and gets it all the same");
});

t.test("a first client that leaves takes nothing from those that read along", async (t) => {
  const { gateway, leader, peer, service } = await start(t, 10);
  peer.write("01234");
  const other = await gateway.connect();
  const text = gather(other.socket);
  other.write(get());
  await until(() => text.text.endsWith("01234"));
  leader.socket.resetAndDestroy();
  t.match(await gateway.record(1), { status: 200, error: "client_gone" });
  peer.write("56789");
  await until(() => text.text.endsWith("0123456789"));
  t.equal(service.connections.length, 1);
});

t.test("one that reads along slowly, or leaves, holds up nobody", async (t) => {
  const length = long;
  const { gateway, leader, peer } = await start(t, length, roomy);
  const [slow, leaving] = [await gateway.connect(), await gateway.connect()];
  slow.socket.pause();
  slow.write(get());
  leaving.write(get());
  const text = gather(leaving.socket);
  peer.socket.write(Buffer.alloc(1000, "x"));
  await until(() => text.text.endsWith("xxx"));
  leaving.socket.resetAndDestroy();
  peer.socket.write(Buffer.alloc(length - 1000, "y"));
  t.equal((await readMessage(leader)).body.length, length);
  slow.socket.resume();
  t.equal((await readMessage(slow)).body.length, length);
});

t.test("a part of what is on its way is sent when it has arrived", async (t) => {
  const { gateway, peer } = await start(t, 10);
  peer.write("01234");
  const part = gateway.ask(get("/", "Range: bytes=3-6"));
  const head = await gateway.ask("HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  t.equal(field(head, "content-length"), "10");
  peer.write("56789");
  const { status, body } = await part;
  t.same([status, body], [206, "3456"]);
});

t.test("what is longer than may be kept is nobody else's", async (t) => {
  const { gateway, peer, service } = await start(t, 10, { maxBody: 5 });
  peer.write("01234");
  const other = gateway.ask(get());
  const next = await service.request();
  next.peer.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother");
  t.equal((await other).body, "other");
});
