import { execFile, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { promisify } from "node:util";
import { brotliDecompressSync, createGunzip, gunzipSync, inflateSync, zstdDecompressSync } from "node:zlib";
import t, { type Test } from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { type BuiltInUse, startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { nothingHeld, untilNothingHeld } from "../../support/holdings.ts";
import { field, readHead } from "../../support/message.ts";
import { startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

const hasCurl = spawnSync("curl", ["--version"]).status === 0;

const page = "<p>words and words and words</p>\n".repeat(200);
const html = { "content-type": "text/html", etag: '"one"', "accept-ranges": "bytes" };

const decoders: Readonly<Record<string, (bytes: Uint8Array) => Buffer>> = {
  gzip: (bytes) => gunzipSync(bytes),
  br: (bytes) => brotliDecompressSync(bytes),
  zstd: (bytes) => zstdDecompressSync(bytes),
  deflate: (bytes) => inflateSync(bytes),
};

async function decoded(response: Response): Promise<string> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const coding = response.headers.get("content-encoding");
  return (coding === null ? Buffer.from(bytes) : decoders[coding]!(bytes)).toString();
}

onEachEngine("each coding that a client accepts decodes to what the service sent", async (t, engine) => {
  const uses = [["compress", { encodings: ["zstd", "br", "gzip", "deflate"] }]] as const;
  const upstream = () => new Response(page, { headers: html });
  await using gateway = await testGateway({ plugins: uses, upstream, engine });
  for (const coding of ["gzip", "br", "zstd", "deflate"]) {
    const response = await gateway.fetch("/", { headers: { "accept-encoding": coding } });
    t.equal(response.headers.get("content-encoding"), coding);
    t.equal(response.headers.get("vary"), "Accept-Encoding");
    t.equal(response.headers.get("etag"), 'W/"one"');
    t.equal(response.headers.get("accept-ranges"), null);
    t.equal(await decoded(response), page);
  }
  const plain = await gateway.fetch("/");
  t.equal(plain.headers.get("content-encoding"), null);
  t.equal(plain.headers.get("vary"), "Accept-Encoding", "caches are told all the same");
  t.equal(plain.headers.get("etag"), '"one"');
  t.equal(await plain.text(), page);
  t.same(gateway.faults, []);
});

onEachEngine("what is not worth it stays as it is", async (t, engine) => {
  const answers: Readonly<Record<string, () => Response>> = {
    "/short": () => new Response("short", { headers: { "content-type": "text/plain" } }),
    "/image": () => new Response(page, { headers: { "content-type": "image/png" } }),
    "/encoded": () =>
      new Response(page, { headers: { "content-type": "text/html", "content-encoding": "br" } }),
    "/as-it-is": () =>
      new Response(page, { headers: { "content-type": "text/html", "cache-control": "no-transform" } }),
    "/part": () =>
      new Response(page, {
        status: 206,
        headers: { "content-type": "text/html", "content-range": "bytes 0-1/2" },
      }),
    "/none": () => new Response(null, { status: 204 }),
    "/elsewhere": () =>
      new Response(null, { status: 302, headers: { location: "/", "content-type": "text/html" } }),
  };
  const upstream = (request: Request) => answers[new URL(request.url).pathname]!();
  await using gateway = await testGateway({ plugins: ["compress"], upstream, engine });
  for (const [path, answer] of Object.entries(answers)) {
    const expected = answer();
    const response = await gateway.fetch(path, {
      headers: { "accept-encoding": "gzip" },
      redirect: "manual",
    });
    t.equal(response.headers.get("content-encoding"), expected.headers.get("content-encoding"), path);
    t.equal(response.headers.get("vary"), null, path);
    t.equal(await response.text(), await expected.text(), path);
  }
  const asked = { "accept-encoding": "gzip", "cache-control": "no-transform" };
  const upright = await gateway.fetch("/image", { headers: asked });
  t.equal(upright.headers.get("content-encoding"), null);
  t.same(gateway.faults, []);
});

onEachEngine("secrets may be left out: BREACH", async (t, engine) => {
  const upstream = (request: Request) => {
    const headers = new Headers(html);
    if (request.url.endsWith("/login")) headers.set("set-cookie", "session=1");
    return new Response(page, { headers });
  };
  const use = [["compress", { secrets: "skip" }]] as const;
  await using gateway = await testGateway({ plugins: use, upstream, engine });
  const codingOf = async (path: string, headers: Record<string, string> = {}) => {
    const response = await gateway.fetch(path, { headers: { "accept-encoding": "gzip", ...headers } });
    t.equal(response.headers.get("vary"), "Accept-Encoding");
    return response.headers.get("content-encoding");
  };
  t.equal(await codingOf("/"), "gzip");
  t.equal(await codingOf("/", { cookie: "session=1" }), null);
  t.equal(await codingOf("/", { authorization: "Bearer x" }), null);
  t.equal(await codingOf("/login"), null);
});

onEachEngine("the service is asked for identity, if the operator wants it so", async (t, engine) => {
  const upstream = (request: Request) =>
    new Response(page, {
      headers: { ...html, "x-asked": request.headers.get("accept-encoding") ?? "nothing" },
    });
  const asked = async (config: object) => {
    await using gateway = await testGateway({ plugins: [["compress", config]], upstream, engine });
    const response = await gateway.fetch("/", { headers: { "accept-encoding": "gzip, br" } });
    t.equal(await decoded(response), page);
    return response.headers.get("x-asked");
  };
  t.equal(await asked({}), "gzip, br");
  t.equal(await asked({ upstream: "identity" }), "identity");
});

onEachEngine(
  "in front of the cache, what it keeps is encoded for each client; behind it, what is encoded is kept",
  async (t, engine) => {
    for (const plugins of [
      ["compress", "cache"],
      ["cache", "compress"],
    ]) {
      let asked = 0;
      const upstream = () => {
        asked++;
        return new Response(page, { headers: { ...html, "cache-control": "max-age=60" } });
      };
      await using gateway = await testGateway({ plugins, upstream, engine });
      const order = plugins.join(" before ");
      for (const accepted of ["gzip", "br", "identity", "gzip", "br", "identity"]) {
        const response = await gateway.fetch("/", { headers: { "accept-encoding": accepted } });
        const coding = accepted === "identity" ? null : accepted;
        t.equal(response.headers.get("content-encoding"), coding, `${order}: ${accepted}`);
        t.equal(await decoded(response), page, `${order}: ${accepted}`);
      }
      t.equal(asked, order.startsWith("compress") ? 1 : 3, order);
      t.same(gateway.faults, []);
    }
  },
);

onEachEngine(
  "in front of the cache, a client that has it is told so by its own tag, and parts stay parts",
  async (t, engine) => {
    const upstream = () => new Response(page, { headers: { ...html, "cache-control": "max-age=60" } });
    await using gateway = await testGateway({ plugins: ["compress", "cache"], upstream, engine });
    const ask = (headers: Record<string, string>) =>
      gateway.fetch("/", { headers: { "accept-encoding": "gzip", ...headers } });
    const first = await ask({});
    const tag = first.headers.get("etag")!;
    t.equal(await decoded(first), page);
    const again = await ask({ "if-none-match": tag });
    t.equal(again.status, 304);
    t.equal(again.headers.get("etag"), tag);
    const part = await ask({ range: "bytes=3-7" });
    t.equal(part.status, 206);
    t.equal(part.headers.get("content-encoding"), null);
    t.equal(await part.text(), page.slice(3, 8));
    const whole = await ask({ range: "bytes=3-7", "if-range": tag });
    t.equal(whole.status, 200, "a weak tag allows no part (RFC 9110 section 13.1.5)");
    t.equal(await decoded(whole), page);
  },
);

onEachEngine("not modified is said with the tag that the client has", async (t, engine) => {
  const upstream = (request: Request) =>
    request.headers.get("if-none-match")?.includes('"one"')
      ? new Response(null, { status: 304, headers: { etag: '"one"' } })
      : new Response(page, { headers: html });
  await using gateway = await testGateway({ plugins: ["compress"], upstream, engine });
  const headers = { "accept-encoding": "gzip" };
  const first = await gateway.fetch("/", { headers });
  const tag = first.headers.get("etag")!;
  await first.arrayBuffer();
  const second = await gateway.fetch("/", { headers: { ...headers, "if-none-match": tag } });
  t.equal(second.status, 304);
  t.equal(second.headers.get("etag"), tag);
  t.equal(second.headers.get("vary"), "Accept-Encoding");
});

// --- on real sockets

const head = (type: string, length: number | null) =>
  `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\n${length === null ? "Transfer-Encoding: chunked" : `Content-Length: ${length}`}\r\n\r\n`;
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

async function gatewayOf(
  t: Test,
  answer: Parameters<typeof startUpstream>[1],
  uses: readonly BuiltInUse[] = ["compress"],
) {
  const upstream = await startUpstream(t, answer);
  return startBuiltInGateway(t, upstream.address, uses);
}

t.test("a client over a real connection gets one message, in gzip", async (t) => {
  const gateway = await gatewayOf(t, () => head("text/html", page.length) + page);
  const message = await gateway.ask(get("/", "Accept-Encoding: gzip"));
  t.equal(field(message, "content-encoding"), "gzip");
  t.equal(field(message, "content-length"), null);
  t.equal(gunzipSync(Buffer.from(message.body, "latin1")).toString(), page);
  t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld);
});

t.test("fetch of the runtime decodes what it gets, whatever it asked for", async (t) => {
  const gateway = await gatewayOf(t, () => head("text/html", page.length) + page);
  const url = `http://127.0.0.1:${(await gateway.connect()).socket.remotePort}/`;
  for (const accepted of [null, "gzip", "br", "gzip, deflate, br"]) {
    const response = await fetch(url, accepted === null ? {} : { headers: { "accept-encoding": accepted } });
    t.equal(await response.text(), page, `${accepted}`);
  }
});

t.test("curl decodes what it gets", { skip: hasCurl ? false : "curl is not installed" }, async (t) => {
  const gateway = await gatewayOf(t, () => head("text/html", page.length) + page);
  const url = `http://127.0.0.1:${(await gateway.connect()).socket.remotePort}/`;
  const { stdout } = await promisify(execFile)("curl", [
    "--silent",
    "--compressed",
    "--dump-header",
    "-",
    url,
  ]);
  t.match(stdout, /^content-encoding: /im);
  t.ok(stdout.endsWith(page));
});

t.test("HEAD is told what GET would be told, and no length", async (t) => {
  const gateway = await gatewayOf(t, () => head("text/html", page.length));
  const client = await gateway.connect();
  client.write("HEAD / HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: gzip\r\n\r\n");
  const message = await readHead(client);
  t.equal(field(message, "content-encoding"), "gzip");
  t.equal(field(message, "content-length"), null);
  t.equal(field(message, "vary"), "Accept-Encoding");
});

t.test("a client of HTTP/1.0 gets it to the end of the connection", async (t) => {
  const gateway = await gatewayOf(t, () => head("text/html", page.length) + page);
  const client = await gateway.connect();
  client.write("GET / HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n");
  await client.take("\r\n\r\n");
  t.equal(gunzipSync(Buffer.from(await client.takeRest(), "latin1")).toString(), page);
});

t.test("events arrive one by one, each before the next is sent", async (t) => {
  const service = await startUpstream(t);
  const gateway = await startBuiltInGateway(t, service.address, ["compress"]);
  const client = (await gateway.connect()).socket;
  client.removeAllListeners("data");
  client.write(
    "GET / HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: gzip\r\nAccept: text/event-stream\r\n\r\n",
  );
  const { peer } = await service.request();
  peer.write(head("text/event-stream", null));
  const gunzip = createGunzip();
  let raw = "";
  let isHead = true;
  client.on("data", (bytes: Buffer) => {
    raw += bytes.toString("latin1");
    if (isHead && raw.includes("\r\n\r\n")) {
      isHead = false;
      raw = raw.slice(raw.indexOf("\r\n\r\n") + 4);
    }
    if (isHead) return;
    for (;;) {
      const [line] = /^([0-9a-f]+)\r\n/.exec(raw) ?? [];
      if (line === undefined) return;
      const size = Number.parseInt(line, 16);
      if (raw.length < line.length + size + 2) return;
      gunzip.write(Buffer.from(raw.slice(line.length, line.length + size), "latin1"));
      raw = raw.slice(line.length + size + 2);
    }
  });
  for (let i = 0; i < 5; i++) {
    const arrived = once(gunzip, "data");
    peer.write(chunk(`data: ${i}\n\n`));
    const [bytes] = (await arrived) as [Buffer];
    t.equal(bytes.toString(), `data: ${i}\n\n`);
  }
});

t.test("a large response to a slow client is not gathered in the proxy", async (t) => {
  const MiB = 1024 * 1024;
  let sent = 0;
  // What does not compress: 32 MiB come out as they go in.
  const noise = randomBytes(64 * 1024);
  const gateway = await gatewayOf(
    t,
    async (_request, peer) => {
      peer.write(head("text/plain", 32 * MiB));
      for (; sent < 32 * MiB; sent += noise.length) {
        if (!peer.socket.write(noise)) await once(peer.socket, "drain");
      }
      return null;
    },
    [{ plugin: "compress", config: { encodings: ["gzip"], levels: { gzip: 1 } } }],
  );
  const client = (await gateway.connect()).socket;
  client.removeAllListeners("data");
  client.write(get("/", "Accept-Encoding: gzip"));
  client.pause();
  let before = -1;
  while (before !== sent) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  t.ok(sent < 16 * MiB, `${sent} bytes were taken from the service`);
  let received = 0;
  client.on("data", (bytes: Buffer) => {
    received += bytes.length;
  });
  client.resume();
  while (received < 32 * MiB) await new Promise((resolve) => setTimeout(resolve, 50));
  t.ok(received > 32 * MiB, "what does not compress becomes a little longer");
});

t.test("a client that resets in the middle frees the coder", async (t) => {
  const { coderPlaces } = await import("../../../core/policy/body/coder-places.ts");
  const service = await startUpstream(t);
  const gateway = await startBuiltInGateway(t, service.address, ["compress"]);
  const client = await gateway.connect();
  client.write(get("/", "Accept-Encoding: gzip"));
  const { peer } = await service.request();
  peer.write(head("text/html", 1_000_000) + page);
  await client.take("\r\n\r\n");
  t.equal(coderPlaces.response.taken, 1);
  client.reset();
  t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld);
  t.equal(coderPlaces.response.taken, 0);
});

t.test(
  "a service that resets in the middle leaves a broken message, never one that looks whole",
  async (t) => {
    const service = await startUpstream(t);
    const gateway = await startBuiltInGateway(t, service.address, ["compress"]);
    const client = await gateway.connect();
    client.write(get("/", "Accept-Encoding: gzip"));
    const { peer } = await service.request();
    peer.write(head("text/html", 1_000_000) + page.repeat(10));
    await client.take("\r\n\r\n");
    peer.reset();
    const rest = await client.takeRest().catch(() => "reset");
    t.notOk(rest.endsWith("0\r\n\r\n"));
    t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld);
  },
);
