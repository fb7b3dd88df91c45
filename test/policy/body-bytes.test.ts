/** Memory of bodies is used again at once: whatever policies do with a part, and whoever is slow, no byte is another. */
import { createHash } from "node:crypto";
import * as http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import type { Address } from "../../core/config/model.ts";
import { stopBundler } from "../../core/reload/bundle.ts";
import type { EngineName } from "../../core/sandbox/engine.ts";
import { listenLocally } from "../support/free-port.ts";
import { nothingHeld, untilNothingHeld } from "../support/holdings.ts";
import { startPolicyGateway } from "../support/policies.ts";

t.teardown(stopBundler);
t.setTimeout(120_000);

const size = 1_000_001;
/** More than the buffers of both kernels and of Node hold, for those who read slowly. */
const largeSize = 14_000_001;
/** How long those read nothing, ms. */
const stall = 60;
/** Clients at once: they read into each other's memory where it is given back too early. */
const clients = 4;
const engines: readonly (EngineName | undefined)[] = [undefined, "quickjs", "inline"];

/** What handlers of a part may do with it without a byte being another; `n` counts parts. */
const treatments: Readonly<Record<string, string>> = {
  "keeps them": "(chunk, ctx) => undefined",
  "returns the same": "(chunk) => chunk",
  "returns others": "(chunk) => new Uint8Array(chunk)",
  "returns a view of more":
    "(chunk) => { const all = new Uint8Array(chunk.length + 9); all.set(chunk, 4); return all.subarray(4, 4 + chunk.length); }",
  "keeps every other one": "(chunk, ctx) => (count(ctx) % 2 === 0 ? undefined : chunk)",
  "waits for each": "async (chunk) => { await null; return chunk; }",
  "waits long for some":
    "async (chunk, ctx) => { if (count(ctx) % 4 === 0) await new Promise((r) => setTimeout(r, 5)); return count(ctx) % 2 ? chunk : undefined; }",
  "puts parts off": `(chunk, ctx) => {
    const before = ctx.state.before;
    ctx.state.before = chunk;
    if (before === undefined) return null;
    if (!ctx.last) return before;
    const both = new Uint8Array(before.length + chunk.length);
    both.set(before);
    both.set(chunk, before.length);
    return both;
  }`,
};

const count = "const count = (ctx) => (ctx.state.n = (ctx.state.n ?? 0) + 1);";

function plugin(handler: string): string {
  return `${count} const handle = ${handler}; export default { onRequestBody: handle, onResponseBody: handle };`;
}

for (const engine of engines) {
  for (const [what, handler] of Object.entries(treatments)) {
    t.test(`Bodies are what they were where a policy ${what}, in ${engine ?? "the default engine"}`, (t) =>
      passBodies(t, engine, { "p.ts": plugin(handler) }),
    );
  }
  t.test(`Bodies are what they were behind three policies, in ${engine ?? "the default engine"}`, (t) =>
    passBodies(t, engine, {
      "a.ts": plugin(treatments["keeps every other one"]!),
      "b.ts": plugin(treatments["waits for each"]!),
      "c.ts": plugin(treatments["returns a view of more"]!),
    }),
  );
}

async function passBodies(t: Test, engine: EngineName | undefined, plugins: Record<string, string>) {
  const { address: service, closeIdle } = await startService(t);
  const gateway = await startPolicyGateway(t, service, { plugins, ...(engine !== undefined && { engine }) });
  const address = gateway.address;
  const asked = Array.from({ length: clients }, async (_, seed) => {
    const slow = seed % 2 === 1;
    const framing = seed < 2 ? "chunked" : "length";
    const body = bodyOf(seed);
    const hash = createHash("sha256").update(body).digest("hex");
    t.equal(await download(address, `/${framing}?${seed}`, slow), hash, `${seed} down`);
    t.equal(await upload(address, body, slow), hash, `${seed} up`);
  });
  await Promise.all(asked);
  closeIdle();
  t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld);
}

/** Bytes that tell where they belong. */
function bodyOf(seed: number): Buffer {
  const length = seed % 2 === 1 ? largeSize : size;
  const body = Buffer.alloc(length, seed);
  for (let at = 0; at + 4 <= length; at += 1024) body.writeUInt32BE(at, at);
  return body;
}

/** Sends bodies by the number behind the question mark, and answers with the hash of what it is sent. */
async function startService(t: Test) {
  const server = http.createServer(async (request, response) => {
    if (request.method === "POST") {
      response.end(await hashAll(request, request.headers["x-slow"] === "yes"));
      return;
    }
    const [framing, seed] = request.url!.split("?");
    const body = bodyOf(Number(seed));
    if (framing === "/length") response.setHeader("content-length", body.length);
    for (let at = 0; at < body.length; at += 100_000) response.write(body.subarray(at, at + 100_000));
    response.end();
  });
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const address: Address = { host: "127.0.0.1", port: await listenLocally(server) };
  return { address, closeIdle: () => server.closeIdleConnections() };
}

async function download(address: Address, path: string, slow: boolean): Promise<string> {
  const response = await send(address, { path });
  return hashAll(response, slow);
}

async function upload(address: Address, body: Buffer, slow: boolean): Promise<string> {
  const headers = { "x-slow": slow ? "yes" : "no" };
  const response = await send(address, { path: "/hash", method: "POST", headers }, body);
  return (await response.toArray()).join("");
}

function send(address: Address, options: http.RequestOptions, body?: Buffer): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const to = { host: (address as { host: string }).host, port: (address as { port: number }).port };
    http
      .request({ ...to, ...options, agent: false }, resolve)
      .on("error", reject)
      .end(body);
  });
}

async function hashAll(message: http.IncomingMessage, slow: boolean): Promise<string> {
  const hash = createHash("sha256");
  if (slow) await sleep(stall);
  for await (const part of message as AsyncIterable<Buffer>) hash.update(part);
  return hash.digest("hex");
}
