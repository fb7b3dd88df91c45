import { createServer, type Server } from "node:net";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import t from "tap";
import type { CallSummary } from "../../../core/sandbox/host/fetch/fetch.ts";
import { freePort, listenLocally } from "../../support/free-port.ts";
import { ask, readParts, requestText, startHost, startServer } from "./hosts.ts";

/** Resolves when the next connection of a server has come and gone. */
function closing(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.once("connection", (socket) => socket.once("close", () => resolve()));
  });
}

t.test("a short response comes in one reply: head, fields and text", async (t) => {
  const { origin } = await startServer(t, (_request, response) => {
    response.writeHead(
      201,
      "Made",
      [
        ["Set-Cookie", "a=1"],
        ["Set-Cookie", "b=2"],
        ["X-Name", "v"],
        ["Keep-Alive", "timeout=9"],
      ].flat(),
    );
    response.end("caf\u00e9 \u{1f600}\0");
  });
  const calls: CallSummary[] = [];
  const host = startHost(t, { grants: [origin], onCall: (call) => calls.push(call) });
  const answer = await ask(host, `${origin}/a?b#c`);
  t.match(answer, { status: 201, statusText: "Made", url: `${origin}/a?b`, redirected: false, body: "text" });
  t.equal(answer.content, "caf\u00e9 \u{1f600}\0");
  t.same(
    answer.headers.filter(([name]) => name === "set-cookie"),
    [
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ],
  );
  t.notOk(answer.headers.some(([name]) => ["connection", "keep-alive", "transfer-encoding"].includes(name)));
  t.match(calls, [{ method: "GET", origin, status: 201, redirects: 0, failure: null }]);
});

t.test("bytes that are no text come as bytes; a byte order mark stays", async (t) => {
  const bodies = {
    "/bytes": Buffer.from([0, 255, 128, 65]),
    "/mark": Buffer.from("\ufeffx"),
    "/empty": Buffer.alloc(0),
  };
  const { origin } = await startServer(t, ({ url }, response) =>
    response.end(bodies[url as keyof typeof bodies]),
  );
  const host = startHost(t, { grants: [origin] });
  for (const [path, body] of Object.entries(bodies)) {
    const answer = await ask(host, origin + path);
    t.equal(answer.body, path === "/bytes" ? "latin1" : "text");
    t.same(Buffer.from(answer.content, path === "/bytes" ? "latin1" : "utf8"), body);
  }
});

t.test("a long response streams in parts of at most 64 KiB, each in memory of its own", async (t) => {
  const long = Buffer.alloc(1_000_000, "0123456789");
  const { origin } = await startServer(t, (_request, response) => response.end(long));
  const host = startHost(t, { grants: [origin] });
  const answer = await ask(host, origin);
  t.equal(answer.body, "stream");
  const parts = await readParts(host, answer.id);
  t.same(Buffer.concat(parts), long);
  t.ok(parts.every((part) => part.byteLength <= 65_536));
  t.ok(
    parts.every((part) => part.buffer.byteLength === part.byteLength),
    "no other memory crosses with a view",
  );
  const whole = await ask(host, origin);
  t.equal(await host.fetchRead(`${whole.id} text`, undefined, 1), long.toString());
});

t.test("the head of a response does not wait for a body that takes its time", async (t) => {
  const { origin } = await startServer(t, (_request, response) => {
    response.write("first");
    setTimeout(() => response.end(" second"), 400);
  });
  const host = startHost(t, { grants: [origin], limits: { headWaitMs: 5 } });
  const answer = await ask(host, origin);
  t.equal(answer.body, "stream");
  t.equal(
    Buffer.from((await host.fetchRead(`${answer.id} next`, undefined, 1)) as Uint8Array).toString(),
    "first",
  );
  t.equal(await host.fetchRead(`${answer.id} text`, undefined, 2), " second");
});

t.test("a guest that does not read stops the server", async (t) => {
  let written = 0;
  const { origin } = await startServer(t, (_request, response) => {
    const part = Buffer.alloc(65_536);
    const write = () => {
      while (written < 2 ** 28 && response.write(part)) written += part.length;
    };
    response.on("drain", write);
    write();
  });
  const host = startHost(t, { grants: [origin], limits: { responseBytes: 2 ** 30 } });
  await ask(host, origin);
  let before = -1;
  while (before !== written) {
    before = written;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  t.ok(written < 32 * 2 ** 20, `${written} bytes left the server`);
});

t.test("a response that is too long fails the call, with and without a stated length", async (t) => {
  const { origin } = await startServer(t, ({ url }, response) => {
    if (url === "/stated") response.setHeader("content-length", 300_000);
    response.end(Buffer.alloc(300_000));
  });
  const host = startHost(t, { grants: [origin], limits: { responseBytes: 200_000 } });
  for (const path of ["/stated", "/chunked"]) {
    const read = async () => {
      const { id } = await ask(host, origin + path);
      await readParts(host, id);
    };
    await t.rejects(read(), {
      name: "QuotaExceededError",
      message: /response body is longer than 200000 bytes/,
    });
  }
});

t.test("gzip and br are decoded, and fields that describe the encoded body are gone", async (t) => {
  const text = "a text ".repeat(100);
  const { origin } = await startServer(t, ({ url, headers }, response) => {
    if (headers["accept-encoding"] !== "gzip, br") return response.writeHead(400).end();
    const encoded = url === "/br" ? brotliCompressSync(text) : gzipSync(text);
    response.writeHead(200, {
      "content-encoding": url === "/br" ? "br" : "GZip",
      "content-length": encoded.length,
    });
    return response.end(encoded);
  });
  const host = startHost(t, { grants: [origin] });
  for (const path of ["/gzip", "/br"]) {
    const answer = await ask(host, origin + path, { headers: [["Accept-Encoding", "zstd"]] });
    t.equal(answer.content, text);
    t.notOk(answer.headers.some(([name]) => name === "content-encoding" || name === "content-length"));
  }
});

t.test(
  "a coding that was not asked for is left to the guest; a broken one is an error; an empty one is empty",
  async (t) => {
    const { origin } = await startServer(t, ({ url }, response) => {
      response.setHeader("content-encoding", url === "/other" ? "zstd" : "gzip");
      if (url === "/none") response.statusCode = 204;
      response.end(url === "/other" ? "opaque" : url === "/broken" ? "not gzip" : "");
    });
    const host = startHost(t, { grants: [origin] });
    const answer = await ask(host, `${origin}/other`);
    t.equal(answer.content, "opaque");
    t.ok(answer.headers.some(([name]) => name === "content-encoding"));
    await t.rejects(ask(host, `${origin}/broken`), { name: "TypeError", message: /body cannot be decoded/ });
    t.equal((await ask(host, `${origin}/empty`)).content, "");
    t.equal((await ask(host, `${origin}/none`)).body, "none");
    t.equal((await ask(host, `${origin}/broken`, { method: "HEAD" })).body, "none");
  },
);

t.test("a decompression bomb, nested or not, ends at the limit [CVE-2026-22036]", async (t) => {
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  const { origin } = await startServer(t, ({ url }, response) => {
    const depth = Number(url?.slice(1));
    let body = bomb;
    for (let i = 1; i < depth; i++) body = gzipSync(body);
    response.setHeader("content-encoding", Array(depth).fill("gzip").join(", "));
    response.end(body);
  });
  const host = startHost(t, { grants: [origin], limits: { responseBytes: 1_000_000 } });
  const read = async (path: string) => {
    const { id } = await ask(host, origin + path);
    await readParts(host, id);
  };
  await t.rejects(read("/1"), { name: "QuotaExceededError" });
  await t.rejects(read("/2"), { name: "QuotaExceededError" });
  await t.rejects(read("/3"), { name: "TypeError", message: /more than 2 content codings/ });
});

/** A gzip stream that is long and decodes to nothing: empty stored blocks (RFC 1951 section 3.2.4). */
function longOfNothing(blocks: number): Buffer {
  const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
  const block = Buffer.from([0, 0, 0, 0xff, 0xff]);
  const last = Buffer.from([1, 0, 0, 0xff, 0xff]);
  return Buffer.concat([header, Buffer.alloc(blocks * block.length, block), last, Buffer.alloc(8)]);
}

t.test("a bomb that is large only between two codings ends at the limit too", async (t) => {
  const { origin } = await startServer(t, ({ url }, response) => {
    response.setHeader("content-encoding", "gzip, gzip").end(gzipSync(longOfNothing(Number(url!.slice(1)))));
  });
  const host = startHost(t, { grants: [origin], limits: { responseBytes: 1_000_000 } });
  t.equal((await ask(host, `${origin}/1000`)).content, "");
  await t.rejects(ask(host, `${origin}/1000000`), { name: "QuotaExceededError" });
});

t.test(
  "windows of brotli count together, for as long as their calls are under way [CVE-2026-22036]",
  async (t) => {
    const size = 16 * 2 ** 20;
    const encode = (bytes: Buffer) =>
      brotliCompressSync(bytes, {
        params: {
          [constants.BROTLI_PARAM_LGWIN]: 24,
          [constants.BROTLI_PARAM_QUALITY]: 5,
          [constants.BROTLI_PARAM_SIZE_HINT]: size,
        },
      });
    const bomb = encode(Buffer.alloc(size));
    const twice = encode(bomb);
    t.ok(bomb.length < 20, `${bomb.length} bytes on the wire`);
    const { origin } = await startServer(t, ({ url }, response) => {
      if (url === "/short") response.setHeader("content-encoding", "br").end(brotliCompressSync("short"));
      else if (url === "/twice") response.setHeader("content-encoding", "br, br").write(twice);
      else response.setHeader("content-encoding", "br").write(bomb);
    });
    const host = startHost(t, { grants: [origin], limits: { connectionsPerOrigin: 64 } });
    const refusal = {
      name: "QuotaExceededError",
      message: /: responses in brotli take too much memory together: read or cancel their bodies$/,
    };
    for (const [path, fit] of [
      ["/twice", 8],
      ["/once", 16],
    ] as const) {
      const held: number[] = [];
      while (held.length <= fit) {
        const call = await ask(host, origin + path).catch((error: unknown) => error as Error);
        if (call instanceof Error) {
          t.match(call, refusal);
          break;
        }
        held.push(call.id);
      }
      t.equal(held.length, fit, `${fit} of ${path} at once`);
      await t.rejects(ask(host, `${origin}/once`), refusal, "there is no place");
      for (const id of held) await host.fetchRead(`${id} close`, undefined, id + 1e6);
      t.equal((await ask(host, `${origin}/short`)).content, "short", "there are places again");
    }
  },
);

t.test("a call takes its time and no longer, while it waits for a head and while it is read", async (t) => {
  const { origin } = await startServer(t, ({ url }, response) => {
    if (url === "/body") response.write("x".repeat(100_000));
  });
  const host = startHost(t, { grants: [origin], limits: { timeoutMs: 100 } });
  await t.rejects(ask(host, `${origin}/head`), {
    name: "TimeoutError",
    message: /not complete after 100 ms/,
  });
  const answer = await ask(host, `${origin}/body`);
  await t.rejects(readParts(host, answer.id), { name: "TimeoutError" });
  const unread = await ask(host, `${origin}/body`);
  await new Promise((resolve) => setTimeout(resolve, 150));
  await t.rejects(readParts(host, unread.id), { name: "TimeoutError" });
});

t.test("calls at once are bounded, and a body that was given up makes room", async (t) => {
  const { origin } = await startServer(t, (_request, response) => response.write("x".repeat(100_000)));
  const host = startHost(t, { grants: [origin], limits: { concurrent: 2, waiting: 0 } });
  const [first] = [await ask(host, origin), await ask(host, origin)];
  await t.rejects(ask(host, origin), { name: "QuotaExceededError", message: /2 calls are under way/ });
  t.equal(await host.fetchRead(`${first.id} close`, undefined, 1), "");
  t.equal((await ask(host, origin)).status, 200);
});

t.test("calls beyond those that may be under way wait for their turn", async (t) => {
  let underWay = 0;
  let most = 0;
  const { origin } = await startServer(t, (_request, response) => {
    most = Math.max(most, ++underWay);
    setTimeout(() => {
      underWay--;
      response.end("there");
    }, 5);
  });
  const host = startHost(t, { grants: [origin], limits: { concurrent: 3, waiting: 20 } });
  const all = await Promise.all(Array.from({ length: 23 }, () => ask(host, origin)));
  t.ok(all.every(({ status, content }) => status === 200 && content === "there"));
  t.equal(most, 3);
  const again = await Promise.allSettled(Array.from({ length: 25 }, () => ask(host, origin)));
  t.equal(again.filter(({ status }) => status === "rejected").length, 2, "and no more than may wait");
});

t.test("a call that waits can be cancelled, and ends with its guest", async (t) => {
  const { origin } = await startServer(t, ({ url }, response) => {
    if (url === "/") response.end("there");
  });
  const start = (limits: object) => startHost(t, { grants: [origin], limits: { concurrent: 1, ...limits } });
  const host = start({});
  const first = t.rejects(ask(host, `${origin}/silent`, { id: 1 }), { name: "AbortError" });
  const second = t.rejects(ask(host, origin, { id: 2 }), { name: "AbortError" });
  const third = ask(host, origin, { id: 3 });
  host.cancel(2);
  await second;
  host.cancel(1);
  await first;
  t.equal((await third).status, 200, "whose turn it is then");
  t.equal((await ask(host, origin)).status, 200, "no turn was lost");

  const timed = start({ timeoutMs: 100 });
  await t.rejects(ask(timed, `${origin}/silent`), { name: "TimeoutError", message: /not complete/ });
  t.equal((await ask(timed, origin)).status, 200, "one that took too long gives its turn back");

  const ending = start({});
  const all = [`${origin}/silent`, origin, origin].map((url) => t.rejects(ask(ending, url)));
  await ending.dispose();
  await Promise.all(all);
});

t.test("attack: what waits is held, heads too, within the bytes that all calls may hold", async (t) => {
  const { origin } = await startServer(t, () => {});
  const limits = { concurrent: 1, heldBytes: 300_000 };
  const host = startHost(t, { grants: [origin], limits });
  const silent = t.rejects(ask(host, `${origin}/silent`, { id: 1 }));
  const url = `${origin}/${"x".repeat(60_000)}`;
  const outcomes = Array.from({ length: 10 }, () => ask(host, url).catch((error: Error) => error.name));
  const refused = await Promise.all(outcomes.slice(5));
  t.same(new Set(refused.slice(0, 5)), new Set(["QuotaExceededError"]));
  await host.dispose();
  await silent;
  t.same(new Set(await Promise.all(outcomes.slice(0, 4))), new Set(["AbortError"]));
});

t.test("what was cancelled ends at once, at the server too", async (t) => {
  const { origin, server } = await startServer(t, ({ url }, response) => {
    if (url === "/body") response.write("x".repeat(100_000));
  });
  const host = startHost(t, { grants: [origin] });
  const rejected = { name: "AbortError" };

  let closed = closing(server);
  const asked = t.rejects(ask(host, `${origin}/head`, { id: 1 }), rejected);
  setTimeout(() => host.cancel(1), 50);
  await Promise.all([closed, asked]);

  closed = closing(server);
  await ask(host, `${origin}/body`, { id: 2 });
  const read = t.rejects(host.fetchRead("2 bytes", undefined, 4), rejected);
  setTimeout(() => host.cancel(4), 50);
  await Promise.all([closed, read]);
  t.doesNotThrow(() => host.cancel(12345));
});

t.test("disposing ends everything: calls fail, sockets close, later calls are refused", async (t) => {
  const { origin, server } = await startServer(t, ({ url }, response) => {
    if (url === "/quick") response.end("idle connection");
  });
  const host = startHost(t, { grants: [origin] });
  const closed = [closing(server)];
  await ask(host, `${origin}/quick`);
  for (let call = 0; call < 2; call++) closed.push(closing(server));
  const waiting = Promise.allSettled([
    ask(host, `${origin}/a`),
    ask(host, `${origin}/b`, { method: "POST", body: "stream" }),
  ]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await host.dispose();
  await Promise.all(closed);
  t.same(
    (await waiting).map(({ status }) => status),
    ["rejected", "rejected"],
  );
  await t.rejects(ask(host, origin), { name: "AbortError" });
});

t.test("request bodies arrive: text, bytes, and parts as they are written", async (t) => {
  const { origin } = await startServer(t, (request, response) => {
    const { "content-length": length, "transfer-encoding": coding } = request.headers;
    request
      .setEncoding("latin1")
      .toArray()
      .then((parts) => response.end(JSON.stringify([request.method, length, coding, parts.join("")])));
  });
  const host = startHost(t, { grants: [origin] });
  const sent = async (body: string | Uint8Array) =>
    JSON.parse((await ask(host, origin, { method: "POST", body })).content);
  t.same(await sent("caf\u00e9\ud800"), ["POST", "8", null, "caf\u00c3\u00a9\u00ef\u00bf\u00bd"]);
  t.same(await sent(Uint8Array.of(0, 255)), ["POST", "2", null, "\0\u00ff"]);
  t.same(await sent(""), ["POST", "0", null, ""]);
  const streamed = ask(host, origin, { method: "PUT", body: "stream", id: 7 });
  for (const part of ["one", "two"]) t.equal(await host.fetchWrite("7 part", Buffer.from(part), 8), "");
  await host.fetchWrite("7 end", undefined, 9);
  t.same(JSON.parse((await streamed).content), ["PUT", null, "chunked", "onetwo"]);
});

t.test("a streamed body waits for its server, is bounded, and can fail", async (t) => {
  const { origin, server } = await startServer(t, () => {});
  const host = startHost(t, { grants: [origin], limits: { requestBytes: 64 * 2 ** 20 } });
  const call = ask(host, origin, { method: "POST", body: "stream", id: 1 }).catch((error) => error.name);
  const part = new Uint8Array(65_536);
  let taken = 0;
  const write = async () => {
    for (; taken < 1000; taken++) await host.fetchWrite("1 part", part, 100 + taken);
  };
  const writing = write().catch(() => "stopped");
  await new Promise((resolve) => setTimeout(resolve, 500));
  t.ok(taken < 500, `${taken} parts were taken though nobody reads`);
  await host.fetchWrite("1 fail", undefined, 2);
  t.equal(await call, "AbortError");
  t.equal(await writing, "stopped");
  server.closeAllConnections();

  const strict = startHost(t, { grants: [origin], limits: { requestBytes: 10 } });
  const long = ask(strict, origin, { method: "POST", body: "stream", id: 1 });
  const refused = { name: "QuotaExceededError", message: /request body is longer than 10 bytes/ };
  await Promise.all([
    t.rejects(long, refused),
    t.rejects(strict.fetchWrite("1 part", new Uint8Array(11), 2), refused),
  ]);
  await t.rejects(ask(strict, origin, { method: "POST", body: "12345678901" }), refused);
});

t.test("a server may answer before it has read the request", async (t) => {
  const { origin } = await startServer(t, (_request, response) => response.writeHead(413).end("enough"));
  const host = startHost(t, { grants: [origin] });
  const call = ask(host, origin, { method: "POST", body: "stream", id: 1 });
  await host.fetchWrite("1 part", new Uint8Array(1), 2);
  t.match(await call, { status: 413, content: "enough" });
  await t.rejects(host.fetchWrite("1 part", new Uint8Array(1), 3), { message: /call is over/ });
});

t.test("a guest cannot frame the message, name another host or pass credentials to a proxy", async (t) => {
  const { origin } = await startServer(t, (request, response) =>
    response.end(JSON.stringify(request.rawHeaders)),
  );
  const host = startHost(t, { grants: [origin] });
  const names = [
    "Host",
    "host",
    "Connection",
    "Content-Length",
    "Transfer-Encoding",
    "Transfer_Encoding",
    "Upgrade",
    "TE",
    "Trailer",
    "Expect",
    "Proxy-Authorization",
    "proxy",
    "Via",
    "Keep-Alive",
    "HTTP2-Settings",
  ];
  const headers = names.map((name): [string, string] => [name, "evil"]);
  const raw: string[] = JSON.parse(
    (await ask(host, origin, { headers: [...headers, ["X-Mine", "kept"]] })).content,
  );
  t.notOk(raw.includes("evil"));
  t.ok(raw.includes("kept"));
  t.ok(raw.includes(new URL(origin).host));
});

t.test(
  "a hostile guest gets errors: malformed messages, fields with line breaks, tunnels, bodies of GET",
  async (t) => {
    const host = startHost(t, { grants: ["http://127.0.0.1:1"] });
    const url = "http://127.0.0.1:1/";
    const malformed = [
      "",
      "x",
      "5",
      "9:{}",
      "99999999999:{}",
      ":{}",
      "4:null",
      "2:[]",
      "1:{",
      "-1:{}",
      requestText(url, { redirect: "other" }),
    ];
    for (const text of malformed)
      await t.rejects(host.fetch(text, undefined, 1), { name: "TypeError", message: /malformed/ }, text);
    for (const name of ["a b", "a:b", "a\r\nb", "", "\u00e9", "__proto__ "]) {
      await t.rejects(ask(host, url, { headers: [[name, "v"]] }), { message: /no token/ });
    }
    for (const value of ["a\r\nHost: evil", "a\nb", "a\0b", "\u0100", "\x7f"]) {
      await t.rejects(ask(host, url, { headers: [["x", value]] }), { message: /no field may hold/ });
    }
    await t.rejects(ask(host, url, { headers: Array(201).fill(["x", "v"]) }), {
      message: /more than 200 fields/,
    });
    await t.rejects(ask(host, url, { headers: [["x", "v".repeat(20_000)]] }), { message: /bytes of fields/ });
    for (const method of ["CONNECT", "trace", "TRACK"])
      await t.rejects(ask(host, url, { method }), { message: /not allowed/ });
    for (const method of ["G T", "", "GET\r\n", "x".repeat(33)])
      await t.rejects(ask(host, url, { method }), { message: /method/ });
    for (const method of ["GET", "HEAD"])
      await t.rejects(ask(host, url, { method, body: "x" }), { message: /body/ });
    for (const text of ["", "1", "1 next ", "1 everything", "-1 next", "1e3 next", "99 next"]) {
      await t.rejects(host.fetchRead(text, undefined, 5), { name: "TypeError" });
      await t.rejects(host.fetchWrite(text, undefined, 5), { name: "TypeError" });
    }
  },
);

t.test("an id that is in use starts no second call", async (t) => {
  const { origin } = await startServer(t, () => {});
  const host = startHost(t, { grants: [origin] });
  const first = ask(host, origin, { id: 1 }).catch(({ name }) => name);
  await t.rejects(ask(host, origin, { id: 1 }), { message: /started before/ });
  host.cancel(1);
  t.equal(await first, "AbortError");
});

t.test("failures are told in words, without addresses, paths or queries", async (t) => {
  const port = await freePort();
  const host = startHost(t, { grants: ["http://127.0.0.1:*"] });
  await t.rejects(ask(host, `http://127.0.0.1:${port}/path?key=secret`, { method: "PUT" }), {
    name: "TypeError",
    message: `fetch failed: PUT http://127.0.0.1:${port}: connection was refused`,
  });
  const replies = {
    "nonsense\r\n\r\n": /not valid HTTP/,
    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort": /closed before the response was complete/,
    "": /closed before the response was complete/,
    [`HTTP/1.1 200 OK\r\nX: ${"x".repeat(20_000)}\r\n\r\n`]: /response head is too long/,
    [`HTTP/1.1 200 OK\r\n${"X: y\r\n".repeat(201)}\r\n`]: /more than 200 fields/,
    "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n": /status 999/,
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n": /TypeError|failed/,
  };
  for (const [reply, message] of Object.entries(replies)) {
    const server = createServer((socket) =>
      socket.on("error", () => {}).once("data", () => socket.end(reply)),
    );
    const origin = `http://127.0.0.1:${await listenLocally(server)}`;
    await t.rejects(ask(host, origin), { name: "TypeError", message }, JSON.stringify(reply.slice(0, 40)));
    server.close();
  }
});

t.test("a budget of the caller's own refuses a call", async (t) => {
  const { origin } = await startServer(t, (_request, response) => response.end());
  let left = 1;
  const host = startHost(t, { grants: [origin], admit: () => left-- > 0 });
  await ask(host, origin);
  await t.rejects(ask(host, origin), { name: "QuotaExceededError" });
});

t.test("whole bodies that are read at once share a budget, which comes back", async (t) => {
  const { origin } = await startServer(t, ({ url }, response) => {
    response.write(Buffer.alloc(70_000, "x"));
    if (url === "/ends") response.end();
  });
  const host = startHost(t, { grants: [origin], limits: { heldBytes: 100_000 } });
  const read = async (path: string, id: number) => {
    await ask(host, origin + path, { id });
    return host.fetchRead(`${id} bytes`, undefined, id + 100);
  };
  let operation = 0;
  const reads = [read("/stays", ++operation), read("/stays", ++operation)];
  await t.rejects(Promise.race(reads), { name: "QuotaExceededError", message: /bodies of all calls/ });
  for (let id = 1; id <= operation; id++) host.cancel(id);
  await Promise.allSettled(reads);
  t.equal((await read("/ends", ++operation)).length, 70_000);
});

t.test(
  "a guest cannot fill the host's memory: request bodies share the budget, parts come one by one",
  async (t) => {
    const { origin } = await startServer(t, () => {});
    const host = startHost(t, { grants: [origin], limits: { heldBytes: 100_000 } });
    const body = new Uint8Array(60_000);
    const first = ask(host, origin, { method: "POST", body, id: 1 }).catch(({ name }) => name);
    await t.rejects(ask(host, origin, { method: "POST", body, id: 2 }), { name: "QuotaExceededError" });
    host.cancel(1);
    t.equal(await first, "AbortError");
    const again = ask(host, origin, { method: "POST", body, id: 3 }).catch(({ name }) => name);
    await new Promise((resolve) => setTimeout(resolve, 20));
    host.cancel(3);
    t.equal(await again, "AbortError", "the budget came back");

    const calls = [4, 5].map((id) =>
      ask(host, origin, { method: "POST", body: "stream", id }).catch(({ name }) => name),
    );
    await t.rejects(host.fetchWrite("4 part", new Uint8Array(65_537), 10), { message: /longer than 65536/ });
    const parts = Array.from({ length: 100 }, (_, i) =>
      host.fetchWrite("5 part", new Uint8Array(65_536), 20 + i),
    );
    const results = await Promise.allSettled(parts);
    t.ok(results.filter(({ status }) => status === "rejected").length > 90);
    t.same(await Promise.all(calls), ["TypeError", "TypeError"]);
  },
);

t.test(
  "what hangs in a resolver ends with its call, and what comes of it afterwards is nothing",
  async (t) => {
    let answer: (addresses: { address: string; family: number }[]) => void = () => {};
    const resolve = () =>
      new Promise<{ address: string; family: number }[]>((resolve) => {
        answer = resolve;
      });
    const host = startHost(t, { grants: ["http://slow.test"], resolve, limits: { timeoutMs: 50 } });
    await t.rejects(ask(host, "http://slow.test/"), { name: "TimeoutError" });
    const patient = startHost(t, { grants: ["http://slow.test"], resolve });
    const call = ask(patient, "http://slow.test/").catch(({ name }) => name);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await patient.dispose();
    t.equal(await call, "AbortError");
    answer([{ address: "127.0.0.1", family: 4 }]);
    await new Promise((resolve) => setTimeout(resolve, 20));
  },
);
