/** Who does not read is not buffered for: the memory of the data process stays what it is. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import { listenLocally } from "../support/free-port.ts";
import { noProc, residentMemory, startSluice } from "./sluice-process.ts";

const gigabyte = 1024 ** 3;
const megabyte = 1024 ** 2;
/** Socket buffers of the kernel and of two processes, bytes. */
const mostUnread = 64 * megabyte;
/** Garbage that V8 has not looked at yet, bytes. */
const mostGrowth = 48 * megabyte;
/** How long the reader stalls, ms. */
const stall = 2000;

/** Changes every part of both bodies. */
const changing = `const change = (chunk) => { if (chunk.length > 0) chunk[0] ^= 1; return chunk; };
export default { onRequestBody: change, onResponseBody: change };`;

t.test("a 1 GB response to a client that stopped reading", { skip: noProc }, (t) => stallClient(t, []));

t.test("the same where a plugin changes it", { skip: noProc }, (t) => stallClient(t, changingPlugin(t)));

t.test("a 1 GB upload to an upstream that does not read", { skip: noProc }, (t) => stallUpstream(t, []));

t.test("the same where a plugin changes it on its way", { skip: noProc }, (t) =>
  stallUpstream(t, changingPlugin(t)),
);

function changingPlugin(t: Test): string[] {
  const folder = mkdtempSync(join(tmpdir(), "sluice-memory-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "changing.ts"), changing);
  return ["--plugins", folder];
}

async function stallClient(t: Test, args: string[]): Promise<void> {
  const upstream = await startService(t, (socket) => {
    socket.once("data", () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${gigabyte}\r\n\r\n`);
      void flood(socket, gigabyte);
    });
  });
  await using sluice = await startSluice("--upstream", upstream.url, ...args);
  const client = await open(t, sluice.port);
  client.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  await once(client, "readable");
  client.pause();
  t.ok((await growthDuringStall(sluice.dataPid())) < mostGrowth, "memory is flat");
  const service = upstream.sockets[0]!;
  t.ok(service.bytesWritten < mostUnread, `${service.bytesWritten} bytes were taken from the upstream`);
  client.destroy();
  await closed(service);
  t.pass("the upstream connection ends with the client's");
}

async function stallUpstream(t: Test, args: string[]): Promise<void> {
  const upstream = await startService(t, (socket) => void socket.pause());
  await using sluice = await startSluice("--upstream", upstream.url, ...args);
  const client = await open(t, sluice.port);
  client.write(`POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${gigabyte}\r\n\r\n`);
  void flood(client, gigabyte);
  await once(upstream.server, "connection");
  t.ok((await growthDuringStall(sluice.dataPid())) < mostGrowth, "memory is flat");
  t.ok(client.bytesWritten < mostUnread, `${client.bytesWritten} bytes were taken from the client`);
  const service = upstream.sockets[0]!;
  client.destroy();
  service.resume();
  await closed(service);
  t.pass("the upstream connection ends with the client's");
}

async function startService(t: Test, serve: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on("error", () => {}));
    serve(socket);
  });
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { server, sockets, url: `http://127.0.0.1:${await listenLocally(server)}` };
}

async function open(t: Test, port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1").on("error", () => {});
  t.teardown(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** Resolves when a socket is closed, by an error too. */
async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
}

/** Writes as fast as the other side reads. */
async function flood(socket: Socket, length: number): Promise<void> {
  const block = Buffer.alloc(256 * 1024, "x");
  for (let left = length; left > 0 && socket.writable; left -= block.length) {
    if (!socket.write(block)) {
      await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), closed(socket)]);
    }
  }
}

/** How much more memory a process came to hold than it held when the stall began, bytes. */
async function growthDuringStall(pid: number): Promise<number> {
  const before = residentMemory(pid);
  let most = before;
  for (const end = performance.now() + stall; performance.now() < end; await sleep(50)) {
    most = Math.max(most, residentMemory(pid));
  }
  return most - before;
}
