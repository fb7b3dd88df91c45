/** What becomes of requests whose policies fail, and of guests that were lost. */
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { until } from "../net/until.ts";
import { get } from "../support/gateway.ts";
import { nothingHeld, untilNothingHeld } from "../support/holdings.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);
t.setTimeout(120_000);

const loops = { p: { limits: { cpu: 50 } } };

t.test("A plugin that is lost five times in ten seconds is left alone for a while: 503", async (t) => {
  const upstream = await startUpstream(t, () => ok("upstream"));
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: {
      "p.ts": 'export default { onRequest(request) { if (request.url.endsWith("/loop")) while (true); } };',
    },
    settings: loops,
  });
  for (let i = 0; i < 5; i++) t.equal((await gateway.ask(get("/loop"))).status, 500);
  t.match(await gateway.ask(get("/fine")), { status: 503, body: /plugin_quarantined/ });
  t.equal(gateway.gateway.generation.policies.report()[0]!.state, "quarantined");
  await until(async () => (await gateway.ask(get("/fine"))).status === 200);
  t.equal(gateway.gateway.generation.policies.report()[0]!.state, "ready");
});

t.test("A plugin in quarantine that fails open is skipped", async (t) => {
  const upstream = await startUpstream(t, () => ok("upstream"));
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: {
      "p.ts":
        'export default { onFailure: "open", onRequest(request) { if (request.url.endsWith("/loop")) while (true); return new Response("guest"); } };',
    },
    settings: loops,
  });
  for (let i = 0; i < 5; i++) t.equal((await gateway.ask(get("/loop"))).body, "upstream");
  t.match(await gateway.ask(get("/fine")), { status: 200, body: "upstream" });
});

t.test("A loss fails the requests that are in the guest, and no others", async (t) => {
  const upstream = await startUpstream(t, () => ok("upstream"));
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: {
      "p.ts":
        'export default { async onRequest(request) { if (request.url.endsWith("/wait")) await new Promise(() => {}); if (request.url.endsWith("/loop")) while (true); } };',
      "q.ts": 'export default { onResponse(response) { response.headers.set("x-q", "1"); } };',
    },
    settings: loops,
  });
  const waiting = gateway.ask(get("/wait"));
  await sleep(30);
  const looping = gateway.ask(get("/loop"));
  t.equal((await looping).status, 500);
  t.equal((await waiting).status, 500);
  t.equal((await gateway.ask(get("/fine"))).status, 200);
});

t.test(
  "A client that goes aborts the signal, and no handler runs for it any more [CVE-2026-26311]",
  async (t) => {
    const upstream = await startUpstream(t, () => ok("upstream"));
    const gateway = await startPolicyGateway(t, upstream.address, {
      plugins: {
        "p.ts": `export default {
        async onRequest(request, ctx) {
          ctx.signal.addEventListener("abort", () => console.log("aborted " + ctx.signal.reason.name));
          console.log("waiting");
          await new Promise((resolve) => setTimeout(resolve, 100));
          console.log("handler went on");
          return new Response("too late");
        },
        onUpstream() { console.log("onUpstream"); },
        onResponse() { console.log("onResponse"); },
        onLog(record) { console.log("onLog " + record.error); },
      };`,
        "q.ts":
          'export default { onRequest() { console.log("next plugin"); }, onResponse() { console.log("next response"); } };',
      },
    });
    const client = await gateway.connect();
    client.write(get("/x"));
    await until(() => gateway.lines.length === 1);
    client.socket.destroy();
    await until(() => gateway.lines.some(({ message }) => message === "handler went on"));
    await sleep(50);
    t.strictSame(gateway.lines.map(({ message }) => message).sort(), [
      "aborted AbortError",
      "handler went on",
      "onLog client_gone",
      "waiting",
    ]);
    t.equal(upstream.connections.length, 0);
    t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld);
  },
);

t.test("A reply of a handler whose client is gone is nobody's", async (t) => {
  const upstream = await startUpstream(t, () => ok("upstream"));
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: {
      "p.ts":
        'export default { async onRequest(request) { if (request.url.endsWith("/slow")) await new Promise((r) => setTimeout(r, 40)); return new Response(request.url); } };',
    },
  });
  const client = await gateway.connect();
  client.write(get("/slow"));
  await sleep(10);
  client.socket.destroy();
  for (let i = 0; i < 10; i++) {
    t.equal((await gateway.ask(get(`/${i}`))).body, `http://a.test/${i}`);
    await sleep(8);
  }
});

t.test("Handlers that never end are given up after the wall time, and leave nothing", async (t) => {
  const upstream = await startUpstream(t, () => ok("upstream"));
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: {
      "p.ts": 'export default { limits: { wall: "50ms" }, onRequest() { return new Promise(() => {}); } };',
    },
  });
  const all = await Promise.all(Array.from({ length: 20 }, () => gateway.ask(get())));
  t.ok(all.every(({ status }) => status === 500));
  t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld);
});

t.test(
  "What onLog throws, at once or later, is counted, told with its place, and hurts no request",
  async (t) => {
    const upstream = await startUpstream(t, () => ok("upstream"));
    const gateway = await startPolicyGateway(t, upstream.address, {
      plugins: {
        "p.ts": `export default {
  async onLog(record) {
    if (record.path === "/now") throw new Error("at once");
    await new Promise((resolve) => setTimeout(resolve, 5));
    throw new Error("later");
  },
};`,
        "q.ts":
          'export default { onLog(record) { if (record.path === "/now") throw new Error("second"); } };',
      },
    });
    t.equal((await gateway.ask(get("/now"))).body, "upstream");
    t.equal((await gateway.ask(get("/later"))).body, "upstream");
    const { policies } = gateway.gateway.generation;
    await until(
      () => JSON.stringify(policies.report().map(({ faults }) => faults)) === '[{"throw":2},{"throw":1}]',
    );
    t.match(policies.report()[0]!.lastFault, { phase: "onLog", message: "Error: later" });
    t.strictSame(await untilNothingHeld(gateway, 10_000), nothingHeld);
  },
);

t.test("An onLog that never ends is given up after its time", async (t) => {
  const upstream = await startUpstream(t, () => ok("upstream"));
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: { "p.ts": "export default { onLog() { return new Promise(() => {}); } };" },
    settings: { p: { limits: { wall: 50 } } },
  });
  t.equal((await gateway.ask(get("/"))).body, "upstream");
  const { policies } = gateway.gateway.generation;
  await until(() => policies.report()[0]!.lastFault !== null);
  t.match(policies.report()[0]!.lastFault, { phase: "onLog", message: /took longer than 50 ms/ });
  t.strictSame(await untilNothingHeld(gateway, 10_000), nothingHeld);
});
