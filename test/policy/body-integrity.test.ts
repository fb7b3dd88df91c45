/** Large bodies through limits and coders, to takers that stop now and then, arrive byte for byte. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { gunzipSync, gzipSync } from "node:zlib";
import t from "tap";
import { coderPlaces } from "../../core/policy/body/coder-places.ts";
import { stopBundler } from "../../core/reload/bundle.ts";
import { get } from "../support/gateway.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";
import { resets, retrying, startCounting } from "../upstream/endpoints.ts";

t.teardown(stopBundler);
t.setTimeout(120_000);

const size = 6 * 1024 * 1024;
const noise = randomBytes(size / 2);
/** Half of it compresses. */
const body = Buffer.concat([noise, Buffer.alloc(size / 2, "words and words ")]);
const packed = gzipSync(body, { level: 1 });
const sum = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const expected = sum(body);

const gzip = 'response.encodeBody("gzip", { level: 1 });';
const ungzip = 'response.decodeBody("gzip");';
const echo = "onResponseBody(chunk) { return chunk; }";

interface Case {
  readonly title: string;
  readonly plugins: Readonly<Record<string, string>>;
  readonly sent: Buffer;
  readonly isPacked: boolean;
}

const responses: readonly Case[] = [
  {
    title: "a limit",
    plugins: { "a.ts": "onResponse(response) { response.limitBody(1e9); }" },
    sent: body,
    isPacked: false,
  },
  {
    title: "an encoder",
    plugins: { "a.ts": `onResponse(response) { ${gzip} }` },
    sent: body,
    isPacked: true,
  },
  {
    title: "a decoder",
    plugins: { "a.ts": `onResponse(response) { ${ungzip} }` },
    sent: packed,
    isPacked: false,
  },
  {
    title: "a decoder, a body phase that looks, a limit, one that changes, and an encoder",
    plugins: {
      "a.ts": `onResponse(response) { ${gzip} }, ${echo}`,
      "b.ts": "onResponse(response) { response.limitBody(1e9); }",
      "c.ts": `onResponse(response) { ${ungzip} }, async onResponseBody() { await null; }`,
    },
    sent: packed,
    isPacked: true,
  },
];

for (const { title, plugins, sent, isPacked } of responses) {
  t.test(`a response through ${title}`, async (t) => {
    const upstream = await startUpstream(t, async (_request, peer) => {
      peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${sent.length}\r\n\r\n`);
      for (let at = 0; at < sent.length; ) {
        const next = Math.min(sent.length, at + 1 + ((at * 7919) % 100_000));
        if (!peer.socket.write(sent.subarray(at, next))) await once(peer.socket, "drain");
        at = next;
      }
      return null;
    });
    const gateway = await startPolicyGateway(t, upstream.address, { plugins: asPlugins(plugins) });
    const client = await gateway.connect();
    client.write(get("/", "Connection: close"));
    const ended = once(client.socket, "end");
    // What it reads it reads slowly.
    for (let i = 0; i < 10; i++) {
      client.socket.pause();
      await new Promise((resolve) => setTimeout(resolve, 20));
      client.socket.resume();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await ended;
    const message = await client.takeRest();
    const end = message.indexOf("\r\n\r\n") + 4;
    const bytes = /transfer-encoding: chunked/i.test(message.slice(0, end))
      ? unchunked(message.slice(end))
      : Buffer.from(message.slice(end), "latin1");
    t.equal(sum(isPacked ? gunzipSync(bytes) : bytes), expected);
    t.equal(coderPlaces.request.taken + coderPlaces.response.taken, 0);
  });
}

const requests: readonly Case[] = [
  {
    title: "a limit",
    plugins: { "a.ts": "onRequest(request) { request.limitBody(1e9); }" },
    sent: body,
    isPacked: false,
  },
  {
    title: "a decoder, and a body phase that waits",
    plugins: {
      "a.ts":
        'onRequest(request) { request.decodeBody("gzip"); }, async onRequestBody(chunk) { await null; return chunk; }',
    },
    sent: packed,
    isPacked: false,
  },
  {
    title: "an encoder",
    plugins: { "a.ts": 'onRequest(request) { request.encodeBody("gzip", { level: 1 }); }' },
    sent: body,
    isPacked: true,
  },
];

for (const { title, plugins, sent, isPacked } of requests) {
  t.test(`a request through ${title}, to an endpoint that stops now and then`, async (t) => {
    const upstream = await startUpstream(t);
    const gateway = await startPolicyGateway(t, upstream.address, { plugins: asPlugins(plugins) });
    const client = await gateway.connect();
    client.write(`POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${sent.length}\r\n\r\n`);
    client.socket.write(sent);
    const peer = await upstream.connection();
    const head = await peer.take("\r\n\r\n");
    const isWhole = () => (isChunked ? peer.text.endsWith("0\r\n\r\n") : peer.text.length === sent.length);
    const isChunked = /transfer-encoding: chunked/i.test(head);
    for (let i = 0; !isWhole(); i++) {
      if (i < 10) peer.socket.pause();
      await new Promise((resolve) => setTimeout(resolve, 10));
      peer.socket.resume();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const bytes = isChunked ? unchunked(peer.text) : Buffer.from(peer.text, "latin1");
    t.equal(sum(isPacked ? gunzipSync(bytes) : bytes), expected);
    peer.write(ok("done"));
    await client.take("done");
    client.close();
    t.equal(coderPlaces.request.taken + coderPlaces.response.taken, 0);
  });
}

t.test("a decoded request is sent again whole to another endpoint", async (t) => {
  const text = "once and again ".repeat(2000);
  const bad = await startCounting(t, resets);
  const good = await startCounting(t, ({ body }) => ok(String(body === text)));
  const gateway = await startPolicyGateway(t, [bad.address, good.address], {
    plugins: asPlugins({ "a.ts": 'onRequest(request) { request.decodeBody("gzip"); }' }),
    route: { retry: retrying() },
  });
  const encoded = gzipSync(text).toString("latin1");
  const put = `PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${encoded.length}\r\n\r\n${encoded}`;
  for (let i = 0; i < 2; i++) t.equal((await gateway.ask(put)).body, "true");
  t.ok(bad.requests.length > 0, "one of them was sent twice");
  t.ok(bad.requests.every(({ body }) => body === text));
});

function asPlugins(members: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(members).map(([name, text]) => [name, `export default { ${text} };`]),
  );
}

function unchunked(text: string): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = text.indexOf("\r\n", at);
    const length = Number.parseInt(text.slice(at, line), 16);
    if (length === 0 || Number.isNaN(length)) return Buffer.concat(parts);
    parts.push(Buffer.from(text.slice(line + 2, line + 2 + length), "latin1"));
    at = line + 4 + length;
  }
}
