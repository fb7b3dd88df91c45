import {
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createGzip,
  deflateSync,
  gunzipSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import t, { type Test } from "tap";
import { coderPlaces } from "../../../core/policy/body/coder-places.ts";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { type BuiltInUse, startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { nothingHeld, untilNothingHeld } from "../../support/holdings.ts";
import { field, readMessage } from "../../support/message.ts";
import { PeerEnded } from "../../support/raw-peer.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);
t.setTimeout(120_000);

const MiB = 1024 * 1024;
const order = JSON.stringify({ items: Array.from({ length: 200 }, (_, id) => ({ id, name: "a thing" })) });
const codings: Readonly<Record<string, (bytes: Uint8Array | string) => Buffer>> = {
  gzip: (bytes) => gzipSync(bytes),
  deflate: (bytes) => deflateSync(bytes),
  br: (bytes) => brotliCompressSync(bytes),
  zstd: (bytes) => zstdCompressSync(bytes),
};

const send = (body: Uint8Array, encoding: string, more: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  body: body as Uint8Array<ArrayBuffer>,
  headers: { "content-type": "application/json", "content-encoding": encoding, ...more },
});

/** What the service got. */
const echo = async (request: Request) =>
  Response.json({ body: await request.text(), fields: Object.fromEntries(request.headers) });

interface Got {
  readonly body: string;
  readonly fields: Readonly<Record<string, string>>;
}

onEachEngine("a request in each coding reaches the service as it was meant", async (t, engine) => {
  await using gateway = await testGateway({ plugins: ["decompress"], upstream: echo, engine });
  for (const [coding, encode] of Object.entries(codings)) {
    const told = { "content-digest": "x", "repr-digest": "x", "content-md5": "x", "x-own": "1" };
    const response = await gateway.fetch("/", send(encode(order), coding, told));
    const { body, fields } = (await response.json()) as Got;
    t.equal(body, order, coding);
    t.match(fields, {
      "content-length": String(order.length),
      "content-type": "application/json",
      "x-own": "1",
    });
    for (const name of ["content-encoding", "content-digest", "repr-digest", "content-md5"]) {
      t.notOk(name in fields, name);
    }
  }
  const response = await gateway.fetch("/", send(gzipSync(brotliCompressSync(order)), "br, gzip"));
  t.equal(((await response.json()) as Got).body, order, "two, one over the other");
  t.same(gateway.faults, []);
});

onEachEngine("a policy behind it reads what was meant", async (t, engine) => {
  const schema = { type: "object", properties: { items: { type: "array", maxItems: 3 } } };
  const plugins = ["decompress", ["validate", { schema }]] as const;
  await using gateway = await testGateway({ plugins, upstream: echo, engine });
  const few = JSON.stringify({ items: [1, 2] });
  t.equal(((await (await gateway.fetch("/", send(gzipSync(few), "gzip"))).json()) as Got).body, few);
  const many = await gateway.fetch("/", send(gzipSync(order), "gzip"));
  t.ok(many.status >= 400 && many.status < 500, `a list that is too long, in gzip: ${many.status}`);
  t.same(gateway.faults, []);
});

onEachEngine("what cannot be decoded is answered 415, with what could be (RFC 7694)", async (t, engine) => {
  await using gateway = await testGateway({ plugins: ["decompress"], upstream: echo, engine });
  for (const encoding of ["lzw", "gzip, lzw", "gzip, gzip, gzip, gzip"]) {
    const response = await gateway.fetch("/", send(gzipSync(order), encoding));
    t.equal(response.status, 415, encoding);
    t.equal(response.headers.get("accept-encoding"), "gzip, br, zstd, deflate");
    t.match(await response.json(), { code: "encoding_unsupported", status: 415 });
  }
});

onEachEngine("encoded requests may be refused, or let pass", async (t, engine) => {
  const statusWith = async (requests: string) => {
    const plugins = [["decompress", { requests }]] as const;
    await using gateway = await testGateway({ plugins, upstream: echo, engine });
    const response = await gateway.fetch("/", send(gzipSync(order), "gzip"));
    return {
      status: response.status,
      accepted: response.headers.get("accept-encoding"),
      got: await response.json(),
    };
  };
  t.match(await statusWith("refuse"), { status: 415, accepted: "identity" });
  t.match(await statusWith("pass"), { status: 200, got: { fields: { "content-encoding": "gzip" } } });
});

onEachEngine(
  "a response is decoded, and the service was asked for a coding that can be",
  async (t, engine) => {
    let asked: string | null = "";
    const upstream = (request: Request) => {
      asked = request.headers.get("accept-encoding");
      return new Response(new Uint8Array(gzipSync(order)), {
        headers: {
          "content-encoding": "gzip",
          etag: '"one"',
          "accept-ranges": "bytes",
          "content-digest": "x",
        },
      });
    };
    await using gateway = await testGateway({
      plugins: [["decompress", { responses: "decode" }]],
      upstream,
      engine,
    });
    const response = await gateway.fetch("/");
    t.equal(asked, "gzip, br, zstd, deflate");
    t.equal(await response.text(), order);
    const { headers } = response;
    for (const name of ["content-encoding", "accept-ranges", "content-digest"])
      t.notOk(headers.has(name), name);
    t.equal(headers.get("etag"), 'W/"one"');
    await using other = await testGateway({
      plugins: [["decompress", { responses: "identity" }]],
      upstream,
      engine,
    });
    t.equal(await (await other.fetch("/")).text(), order, "a service that encodes all the same is decoded");
    t.equal(asked, "identity");
  },
);

onEachEngine("parts, no-transform and unknown codings of the service stay as they are", async (t, engine) => {
  const answers: readonly ResponseInit[] = [
    { status: 206, headers: { "content-encoding": "gzip", "content-range": "bytes 0-1/2" } },
    { headers: { "content-encoding": "gzip", "cache-control": "no-transform" } },
    { headers: { "content-encoding": "lzw" } },
  ];
  for (const init of answers) {
    const upstream = () => new Response("as it is", init);
    await using gateway = await testGateway({
      plugins: [["decompress", { responses: "decode" }]],
      upstream,
      engine,
    });
    const response = await gateway.fetch("/");
    t.equal(await response.text(), "as it is");
    t.equal(response.headers.get("content-encoding"), new Headers(init.headers).get("content-encoding"));
  }
});

onEachEngine("compress before it encodes again what policies between have seen plain", async (t, engine) => {
  const upstream = () =>
    new Response(new Uint8Array(gzipSync(order)), {
      headers: { "content-encoding": "gzip", "content-type": "application/json" },
    });
  const plugins = ["compress", ["decompress", { responses: "decode" }]] as const;
  await using gateway = await testGateway({ plugins, upstream, engine });
  const response = await gateway.fetch("/", { headers: { "accept-encoding": "gzip" } });
  t.equal(response.headers.get("content-encoding"), "gzip");
  t.equal(gunzipSync(Buffer.from(await response.arrayBuffer())).toString(), order);
});

// --- on real sockets

const head = (length: number, encoding = "gzip") =>
  `POST / HTTP/1.1\r\nHost: a.test\r\nContent-Encoding: ${encoding}\r\nContent-Length: ${length}\r\n\r\n`;

async function gatewayWith(t: Test, config: object = {}, answer = () => ok("here")) {
  const service = await startUpstream(t, answer);
  const use: BuiltInUse = { plugin: "decompress", config };
  return { service, gateway: await startBuiltInGateway(t, service.address, [use]) };
}

t.test(
  "a decompression bomb of 1 MiB for 1 GiB is answered 413, and neither proxy nor service holds it",
  async (t) => {
    const { gateway, service } = await gatewayWith(t, { maxRatio: 1_000_000 });
    const bomb = await gzippedZeros(1024);
    t.ok(bomb.length < 1.1 * MiB);
    const before = process.memoryUsage().rss;
    const client = await gateway.connect();
    client.write(head(bomb.length));
    client.write(bomb);
    const reply = await readMessage(client);
    t.equal(reply.status, 413);
    t.match(JSON.parse(reply.body), { code: "body_too_large", status: 413 });
    const grown = (process.memoryUsage().rss - before) / MiB;
    t.ok(grown < 128, `memory grew by ${Math.round(grown)} MiB`);
    t.ok(
      service.connections.every((peer) => peer.received < 11 * MiB),
      "the service got no more than the limit",
    );
    client.close();
    t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld);
    t.equal(coderPlaces.request.taken, 0);
  },
);

t.test("a decompression bomb is told by its ratio as well, long before the limit", async (t) => {
  const { gateway, service } = await gatewayWith(t, { maxRequestSize: 2048 * MiB });
  for (const [encoding, bomb] of [
    ["gzip", await gzippedZeros(256)],
    ["br", await brotliZeros(256)],
  ] as const) {
    const client = await gateway.connect();
    client.write(head(bomb.length, encoding));
    client.write(bomb);
    const reply = await readMessage(client);
    t.equal(reply.status, 400, encoding);
    t.match(JSON.parse(reply.body), { code: "content_malformed" });
    client.close();
  }
  t.ok(service.connections.every((peer) => peer.received < 64 * MiB));
  t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld);
});

t.test("a flood of empty frames of zstd, each of which may need a decoder, is refused", async (t) => {
  const { gateway } = await gatewayWith(t);
  const skippable = Buffer.of(0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0);
  for (const frame of [zstdCompressSync(""), skippable]) {
    for (const count of [1001, 100_000]) {
      const flood = Buffer.concat(Array.from({ length: count }, () => frame));
      const reply = await ask(gateway, head(flood.length, "zstd"), flood);
      t.equal(reply.status, 400, `${count} of ${frame.length} bytes`);
      t.match(JSON.parse(reply.body), { code: "content_malformed", detail: /more than 1000 frames/ });
    }
    const few = Buffer.concat([...Array.from({ length: 900 }, () => frame), zstdCompressSync(order)]);
    t.equal((await ask(gateway, head(few.length, "zstd"), few)).status, 200);
  }
});

t.test("layers of codings, each a bomb within the other, are bounded by what came in", async (t) => {
  const { gateway } = await gatewayWith(t, { maxRequestSize: 2048 * MiB });
  const bomb = gzipSync(gzipSync(await gzippedZeros(1024)));
  t.ok(bomb.length < 8192, `${bomb.length} bytes for 1 GiB`);
  const reply = await ask(gateway, head(bomb.length, "gzip, gzip, gzip"), bomb);
  t.equal(reply.status, 400);
});

t.test("a truncated body is never taken for a whole one by the service", async (t) => {
  const seen: string[] = [];
  const service = await startUpstream(t);
  const gateway = await startBuiltInGateway(t, service.address, ["decompress"]);
  const body = gzipSync(Buffer.from("0123456789".repeat(20_000)), { level: 0 });
  const client = await gateway.connect();
  client.write(head(body.length - 10));
  client.write(body.subarray(0, 100_000));
  const peer = await service.connection();
  await peer.take("\r\n\r\n");
  client.write(body.subarray(100_000, -10));
  t.equal((await readMessage(client)).status, 400);
  const rest = await peer.takeRest().catch((error) => (error instanceof PeerEnded ? "reset" : String(error)));
  seen.push(rest.slice(-5));
  t.notOk(seen[0]!.endsWith("0\r\n\r\n"), "its last chunk did not come");
});

t.test("a trickle of one byte at a time is decoded, and answered as it ends", async (t) => {
  const { gateway } = await gatewayWith(t);
  const body = gzipSync("slowly");
  const client = await gateway.connect();
  client.write(head(body.length));
  for (const byte of body) {
    client.write(Buffer.of(byte));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  t.equal((await readMessage(client)).status, 200);
});

t.test("a client that resets in the middle of an encoded body frees the decoder", async (t) => {
  const service = await startUpstream(t);
  const gateway = await startBuiltInGateway(t, service.address, ["decompress"]);
  const body = gzipSync(Buffer.from("0123456789".repeat(20_000)), { level: 0 });
  const client = await gateway.connect();
  client.write(head(body.length));
  client.write(body.subarray(0, 100_000));
  await (await service.connection()).take("\r\n\r\n");
  t.equal(coderPlaces.request.taken, 1);
  client.reset();
  t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld);
  t.equal(coderPlaces.request.taken, 0);
});

t.test("a service whose coding is broken is answered 502, or breaks off", async (t) => {
  const short = gzipSync("short").subarray(0, -2).toString("latin1");
  const { gateway } = await gatewayWith(
    t,
    { responses: "decode" },
    () => `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${short.length}\r\n\r\n${short}`,
  );
  const reply = await gateway.ask(get());
  t.equal(reply.status, 502);
  t.match(field(reply, "proxy-status"), /error=http_response_content_coding/);
});

t.test(
  "a bomb of the service breaks off at its limit, and is never taken for a whole response",
  async (t) => {
    const bomb = (await gzippedZeros(256)).toString("latin1");
    const { gateway } = await gatewayWith(
      t,
      { responses: "decode", maxResponseSize: 4 * MiB, maxRatio: 1e9 },
      () => `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n${bomb}`,
    );
    const client = await gateway.connect();
    client.write(get());
    await client.take("\r\n\r\n");
    const rest = await client.takeRest().catch(() => "reset");
    t.notOk(rest.endsWith("0\r\n\r\n"));
    t.ok(client.received < 5 * MiB, `${client.received} bytes`);
    t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld);
    t.equal(coderPlaces.response.taken, 0);
  },
);

t.test("when all decoders are at work a request is told to come again", async (t) => {
  const { gateway } = await gatewayWith(t);
  const taken = Array.from({ length: 1000 }, () => coderPlaces.request.take(1));
  const body = gzipSync(order);
  const reply = await ask(gateway, head(body.length), body);
  t.equal(reply.status, 503);
  t.equal(field(reply, "retry-after"), "1");
  for (const place of taken) place?.giveBack();
  t.equal((await ask(gateway, head(body.length), body)).status, 200);
});

t.test("clients that hold decoders do not keep responses from being encoded", async (t) => {
  const service = await startUpstream(t, () => ok(order, "Content-Type: application/json"));
  const gateway = await startBuiltInGateway(t, service.address, ["compress", "decompress"]);
  const taken = Array.from({ length: 1000 }, () => coderPlaces.request.take(1));
  const message = await gateway.ask(get("/", "Accept-Encoding: gzip"));
  t.equal(field(message, "content-encoding"), "gzip");
  for (const place of taken) place?.giveBack();
});

t.test("bodies of 46 bytes that want 16 MiB of memory each get 256 MiB together", async (t) => {
  const service = await startUpstream(t);
  const gateway = await startBuiltInGateway(t, service.address, [
    { plugin: "decompress", config: { maxRequestSize: 1024 * MiB, maxRatio: 1e9 } },
  ]);
  const wide = createBrotliCompress({
    params: { [constants.BROTLI_PARAM_QUALITY]: 2, [constants.BROTLI_PARAM_LGWIN]: 24 },
  });
  const bomb = (await zeros(wide, 20)).subarray(0, -1);
  const start =
    "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Encoding: br\r\nTransfer-Encoding: chunked\r\n\r\n";
  const statuses: number[] = [];
  for (let i = 0; i < 40; i++) {
    const client = await gateway.connect();
    client.write(`${start}${bomb.length.toString(16)}\r\n`);
    client.write(bomb);
    void readMessage(client).then(
      ({ status }) => statuses.push(status),
      () => statuses.push(0),
    );
  }
  while (statuses.length < 25) await new Promise((resolve) => setTimeout(resolve, 20));
  t.same([...new Set(statuses)], [503]);
  t.equal(statuses.length, 25, "15 are being decoded");
  t.ok(coderPlaces.request.taken <= 256);
});

async function ask(
  gateway: { connect(): Promise<Parameters<typeof readMessage>[0]> },
  start: string,
  body: Buffer,
) {
  const client = await gateway.connect();
  client.write(start);
  client.write(body);
  return readMessage(client);
}

async function gzippedZeros(mebibytes: number): Promise<Buffer> {
  return zeros(createGzip({ level: 9 }), mebibytes);
}

async function brotliZeros(mebibytes: number): Promise<Buffer> {
  return zeros(createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 2 } }), mebibytes);
}

async function zeros(coder: ReturnType<typeof createGzip>, mebibytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  const ended = new Promise((resolve) => coder.on("end", resolve));
  coder.on("data", (part: Buffer) => parts.push(part));
  const part = Buffer.alloc(MiB);
  for (let i = 0; i < mebibytes; i++) {
    if (!coder.write(part)) await new Promise((resolve) => coder.once("drain", resolve));
  }
  coder.end();
  await ended;
  return Buffer.concat(parts);
}
