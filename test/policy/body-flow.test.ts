/** Bodies on their way through guests: bounded, held back when someone is slow, and broken off visibly. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { until } from "../net/until.ts";
import { onEachEngine } from "../support/each-engine.ts";
import { get } from "../support/gateway.ts";
import { nothingHeld, untilNothingHeld } from "../support/holdings.ts";
import { readHead, readMessage } from "../support/message.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { PeerEnded } from "../support/raw-peer.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);
t.setTimeout(120_000);

const MiB = 1024 * 1024;
const plugins = (members: string) => ({ "p.ts": `export default { ${members} };` });

t.test("The limit of the proxy holds for bodies that policies look at", async (t) => {
  const upstream = await startUpstream(t, () => ok("upstream"));
  for (const members of ["onRequest() {}", "async onRequest(r) { await r.text(); }", "onRequestBody() {}"]) {
    const gateway = await startPolicyGateway(t, upstream.address, {
      plugins: plugins(members),
      limits: { requestBody: 10 },
    });
    const known = "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 11\r\n\r\n12345678901";
    const chunked =
      "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n";
    t.equal((await gateway.ask(known)).status, 413, members);
    t.equal((await gateway.ask(chunked)).status, 413, members);
    t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld);
  }
});

t.test("A response of 64 MiB through a slow client and a transform takes no 64 MiB", async (t) => {
  const size = 64 * MiB;
  const part = "x".repeat(64 * 1024);
  let sent = 0;
  const upstream = await startUpstream(t, async (_request, peer) => {
    peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
    for (; sent < size; sent += part.length) {
      if (!peer.socket.write(part, "latin1"))
        await new Promise((resolve) => peer.socket.once("drain", resolve));
    }
    return null;
  });
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugins("async onResponseBody(chunk) { await null; return chunk; }"),
  });
  const client = await gateway.connect();
  client.write(get());
  const head = await client.take("\r\n\r\n");
  t.match(head, /200 OK/);
  client.socket.pause();
  await sleep(500);
  const stalled = sent;
  t.ok(stalled < 24 * MiB, `${stalled} bytes were taken from the endpoint while the client read nothing`);
  let received = client.text.length;
  client.socket.removeAllListeners("data");
  const all = new Promise<void>((resolve) =>
    client.socket.on("data", (bytes: Buffer) => {
      received += bytes.length;
      if (bytes.subarray(-5).toString("latin1") === "0\r\n\r\n") resolve();
    }),
  );
  client.socket.resume();
  await all;
  t.ok(received > size, "all of it came, in chunks");
});

const small = 7000;
/** Each makes small parts without end, of the service's body or by itself. */
const smallParts: Readonly<Record<string, string>> = {
  "onResponseBody passes": "onResponseBody() {}",
  "an async onResponseBody passes": "async onResponseBody(chunk) { await null; return chunk; }",
  "a coding makes": 'onResponse(response) { response.encodeBody("gzip", { level: 1 }); }',
  "nobody changes": "onResponse() {}",
  "a policy answers with": `onRequest() {
    let n = 0;
    return new Response(new ReadableStream({ pull(c) { if (n++ * ${small} > ${64 * MiB}) c.close(); else c.enqueue(new Uint8Array(${small})); } }));
  }`,
};

for (const [what, members] of Object.entries(smallParts)) {
  t.test(`A client that does not read holds back the small parts that ${what}`, async (t) => {
    const upstream = await startUpstream(t, async (_request, peer) => {
      peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (let sent = 0; sent < 64 * MiB && !peer.socket.destroyed; sent += small) {
        // A coding makes half of it, and no less.
        const part = randomBytes(small / 2).toString("hex");
        const flows = peer.socket.write(`${small.toString(16)}\r\n${part}\r\n`, "latin1");
        if (!flows) await new Promise((resolve) => peer.socket.once("drain", resolve));
        // Each is to be read by itself.
        for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      }
      return null;
    });
    const gateway = await startPolicyGateway(t, upstream.address, {
      plugins: plugins(members),
      timeouts: { writeIdle: 1500 },
    });
    const client = await gateway.connect();
    client.socket.pause();
    client.write(get());
    const [accepted] = gateway.accepted;
    let most = 0;
    for (let i = 0; i < 120; i++) {
      await sleep(10);
      most = Math.max(most, accepted?.writableLength ?? 0);
    }
    t.ok(most < MiB, `${most} bytes waited for the client`);
    await until(() => accepted!.destroyed);
    t.match(await gateway.record(1), { error: "client_stalled" });
    t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld);
  });
}

t.test("A request of 64 MiB to a slow endpoint through a transform takes no 64 MiB", async (t) => {
  const size = 64 * MiB;
  const upstream = await startUpstream(t);
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugins("async onRequestBody(chunk) { await null; return chunk; }"),
  });
  const client = await gateway.connect();
  client.write(`POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${size}\r\n\r\n`);
  const peer = await upstream.connection();
  peer.socket.pause();
  const part = Buffer.alloc(64 * 1024, "x");
  let sent = 0;
  const sending = (async () => {
    for (; sent < size; sent += part.length) {
      if (!client.socket.write(part)) await new Promise((resolve) => client.socket.once("drain", resolve));
    }
  })();
  await sleep(500);
  t.ok(sent < 24 * MiB, `${sent} bytes were taken from the client while the endpoint read nothing`);
  let last = "";
  peer.socket.removeAllListeners("data");
  const all = new Promise<void>((resolve) =>
    peer.socket.on("data", (bytes: Buffer) => {
      last = (last + bytes.subarray(-5).toString("latin1")).slice(-5);
      if (last === "0\r\n\r\n") resolve();
    }),
  );
  peer.socket.resume();
  await Promise.all([sending, all]);
  peer.write(ok("done"));
  t.equal((await readMessage(client)).body, "done");
});

t.test("A slow guest holds the endpoint back", async (t) => {
  let sent = 0;
  const part = "x".repeat(64 * 1024);
  const upstream = await startUpstream(t, async (_request, peer) => {
    peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${64 * MiB}\r\n\r\n`);
    for (; sent < 64 * MiB && !peer.socket.destroyed; sent += part.length) {
      if (!peer.socket.write(part, "latin1"))
        await new Promise((resolve) => peer.socket.once("drain", resolve));
    }
    return null;
  });
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugins(
      "async onResponseBody(chunk) { await new Promise((r) => setTimeout(r, 100)); return chunk; }",
    ),
  });
  const client = await gateway.connect();
  client.write(get());
  await sleep(600);
  t.ok(sent < 24 * MiB, `${sent} bytes were taken from the endpoint`);
  client.socket.destroy();
  t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld);
});

t.test("A response that breaks off in its middle is broken for the client, transform or not", async (t) => {
  const treatments = [
    "onResponse() {}",
    "onResponseBody() {}",
    "async onResponseBody(chunk) { await null; return chunk; }",
    'onResponseBody(chunk, ctx) { if (ctx.last) return "looks complete"; }',
  ];
  for (const members of treatments) {
    for (const start of [
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ]) {
      const upstream = await startUpstream(t);
      const gateway = await startPolicyGateway(t, upstream.address, { plugins: plugins(members) });
      const client = await gateway.connect();
      client.write(get());
      const { peer } = await upstream.request();
      peer.write(start);
      await client.take("half");
      peer.reset();
      await client.ended();
      t.notMatch(client.text, /0\r\n\r\n$|complete/, `${members} after ${start.slice(17, 30)}`);
      t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld);
    }
  }
});

t.test("A response that breaks off before a policy has read it all is 502", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugins("async onResponse(r) { await r.text(); }"),
  });
  const asked = gateway.ask(get());
  const { peer } = await upstream.request();
  peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  await sleep(20);
  peer.reset();
  t.equal((await asked).status, 502);
  t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld);
});

t.test("A fault in the middle of a response body breaks the message off", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugins(
      'onResponseBody(chunk, ctx) { ctx.state.n = (ctx.state.n ?? 0) + 1; if (ctx.state.n === 2) throw new Error("x"); }',
    ),
  });
  const client = await gateway.connect();
  client.write(get());
  const { peer } = await upstream.request();
  peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
  await client.take("first");
  peer.write("6\r\nsecond\r\n0\r\n\r\n");
  await t.rejects(client.take("0\r\n\r\n"), PeerEnded);
  t.notMatch(client.text, "second");
});

t.test("An answer before the request body is over reaches the client while a transform runs", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugins("async onRequestBody(chunk) { await null; return chunk; }"),
  });
  const client = await gateway.connect();
  client.write("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
  const peer = await upstream.connection();
  await peer.take("first");
  peer.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
  t.match(await readMessage(client), { status: 413, body: "big" });
  client.write("5\r\nother\r\n0\r\n\r\n");
  await client.ended();
  t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld);
});

t.test("A client that resets in the middle of its body leaves nothing, transform or not", async (t) => {
  for (const members of [
    "onRequest() {}",
    "async onRequest(r) { await r.text(); }",
    "async onRequestBody(chunk) { await new Promise((r) => setTimeout(r, 20)); return chunk; }",
  ]) {
    const upstream = await startUpstream(t);
    const gateway = await startPolicyGateway(t, upstream.address, { plugins: plugins(members) });
    const client = await gateway.connect();
    client.write("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nhalf");
    await sleep(40);
    client.reset();
    t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld, members);
    t.equal(gateway.gateway.generation.policies.faultCount, 0, members);
  }
});

t.test("An endless response body of which a policy ends the end is cut there", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugins('onResponseBody(chunk, ctx) { ctx.end(); return "that is all"; }'),
  });
  const client = await gateway.connect();
  client.write(get());
  const { peer } = await upstream.request();
  peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
  t.equal((await readMessage(client)).body, "that is all");
  t.ok(client.isOpen);
  client.socket.destroy();
  t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld);
});

t.test("Interim responses pass while a policy waits for the final one", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = await startPolicyGateway(t, upstream.address, { plugins: plugins("onResponse() {}") });
  const client = await gateway.connect();
  client.write(get());
  const { peer } = await upstream.request();
  peer.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
  t.equal((await readHead(client)).status, 103);
  peer.write(ok("done"));
  t.equal((await readMessage(client)).body, "done");
});

onEachEngine(
  "A client that leaves is noticed while an endpoint thinks about a body that grew on its way",
  async (t, engine) => {
    const upstream = await startUpstream(t);
    const gateway = await startPolicyGateway(t, upstream.address, {
      engine,
      plugins: plugins('onRequestBody(chunk) { return "A".repeat(1e5 * chunk.length); }'),
    });
    const client = await gateway.connect();
    client.write("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\nbody");
    await (await upstream.connection()).takeLength(4e5);
    client.socket.destroy();
    t.equal((await gateway.record(1)).error, "client_gone");
  },
);
