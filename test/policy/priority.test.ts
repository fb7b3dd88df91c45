/** How important a request is, by the word of a policy. */
import t, { type Test } from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { until } from "../net/until.ts";
import { get } from "../support/gateway.ts";
import { field } from "../support/message.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok } from "../support/raw-upstream.ts";
import { startCounting } from "../upstream/endpoints.ts";

t.teardown(stopBundler);

const priorityHeader = { name: "x-priority", fromAnyone: false };

/** Keeps this thread busy, with pauses in which sockets are looked at, until the test ends or it is told. */
function keepBusy(t: Test, ms: number): () => void {
  let timer: NodeJS.Timeout;
  const turn = () => {
    const end = performance.now() + ms;
    while (performance.now() < end);
    // Not an interval, which would be overdue at once: Deno then looks at sockets only now and then.
    timer = setTimeout(turn, 20);
  };
  timer = setTimeout(turn, 20);
  const stop = () => clearTimeout(timer);
  t.teardown(stop);
  return stop;
}

t.test("what a policy says counts more than the route and its header", async (t) => {
  const upstream = await startCounting(t, () => ok());
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: {
      "one.ts": `export default { onRequest(request, ctx) {
        const wanted = request.headers.get("x-wanted");
        request.headers.set("x-first", ctx.priority);
        if (wanted !== null) ctx.priority = Number(wanted);
      } };`,
      "two.ts": `export default { onRequest(request, ctx) { request.headers.set("x-second", ctx.priority); } };`,
    },
    route: { priority: 2, priorityHeader },
  });
  const seen = async (...fields: string[]) => {
    t.equal((await gateway.ask(get("/", ...fields))).status, 200);
    const request = upstream.requests.at(-1)!;
    return ["x-first", "x-second", "x-priority"].map((name) => field(request, name)).join(" ");
  };
  t.equal(await seen(), "2 2 2");
  t.equal(await seen("X-Wanted: 0"), "2 0 0", "the next policy sees it, too");
  t.equal(await seen("X-Priority: 3", "X-Wanted: 1"), "3 1 1");
  t.equal(await seen("X-Priority: 3"), "3 3 3");
  t.equal((await gateway.ask(get("/", "X-Wanted: 4"))).status, 500, "there is no priority 4");
});

t.test("a request that a policy calls important is served while others of its route are shed", async (t) => {
  const upstream = await startCounting(t, () => ok());
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: {
      "one.ts": `export default { onRequest(request, ctx) {
        if (request.headers.get("x-important") === "yes") ctx.priority = 0;
        if (request.headers.get("x-important") === "no") ctx.priority = 3;
      } };`,
    },
    route: { priority: 3 },
    shedding: { begins: 10, full: 200 },
  });
  const statuses = (...fields: string[]) =>
    Promise.all(Array.from({ length: 10 }, async () => (await gateway.ask(get("/", ...fields))).status));
  const served = (all: readonly number[]) => all.filter((status) => status === 200).length;
  // A thread that is busy with its start is late, too.
  await until(async () => served(await statuses()) === 10);
  const stop = keepBusy(t, 60);
  await until(async () => served(await statuses("X-Important: no")) < 5);
  let [important, others] = [0, 0];
  for (let round = 0; round < 3; round++) {
    important += served(await statuses("X-Important: yes"));
    others += served(await statuses());
  }
  stop();
  t.ok(important >= 27, `${important} of 30 important ones`);
  t.ok(others <= 24, `${others} of 30 others`);
});

t.test("a policy that does not name the priority sees nothing of what is shed", async (t) => {
  const upstream = await startCounting(t, () => ok());
  const plugin = (text: string) => ({
    "one.ts": `export default { onRequest(request, ctx) { ctx.metrics.counter("seen"); ${text} } };`,
  });
  const shed = async (text: string) => {
    const gateway = await startPolicyGateway(t, upstream.address, {
      plugins: plugin(text),
      route: { priority: 3 },
      shedding: { begins: 10, full: 300 },
    });
    const stop = keepBusy(t, 60);
    let [asked, refused] = [0, 0];
    await until(async () => {
      const answers = await Promise.all(Array.from({ length: 10 }, () => gateway.ask(get())));
      asked += answers.length;
      refused += answers.filter(({ status }) => status === 503).length;
      return refused >= 10;
    });
    stop();
    return { asked, refused, seen: gateway.counts.length };
  };
  const plain = await shed("");
  t.equal(plain.seen, plain.asked - plain.refused, "it sees those that are served");
  const naming = await shed("ctx.priority = 3;");
  t.equal(naming.seen, naming.asked, "one that may raise it sees all but what goes at any priority");
});

t.test("an answer that a policy calls unimportant is shed like a request to an endpoint", async (t) => {
  const gateway = await startPolicyGateway(
    t,
    { host: "127.0.0.1", port: 9 },
    {
      plugins: {
        "low.ts":
          'export default { onRequest(request, ctx) { ctx.metrics.counter("seen"); ctx.priority = 3; } };',
      },
      route: { cluster: null, respond: { status: 200, headers: [], body: "here" } },
      shedding: { begins: 10, full: 300 },
    },
  );
  const stop = keepBusy(t, 60);
  let served = 0;
  await until(async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => gateway.ask(get())));
    served += answers.filter(({ status }) => status === 200).length;
    return gateway.counts.length >= served + 10;
  });
  stop();
  t.ok(gateway.counts.length > served, "the policy has seen requests that were refused then");
});
