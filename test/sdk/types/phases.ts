/** Handlers get and return what the phases say. The compiler is the judge: this file compiles, or does not. */
import type { AccessRecord } from "../../../core/observe/access-log.ts";
import { type Context, definePlugin, type LogRecord, type Plugin } from "../../../sdk/index.ts";
import { type Equal, expectType } from "./equal.ts";

/** What the access log writes is what `onLog` gets. */
({}) as AccessRecord satisfies LogRecord;
expectType<Equal<keyof AccessRecord, keyof LogRecord>>();

export const complete = definePlugin({
  name: "complete",
  description: "Uses every phase",
  capabilities: {
    fetch: ["https://api.example.com", { origin: "http://tenants.internal:8080", private: true }],
    kv: true,
    env: ["TOKEN"],
  },
  limits: { cpu: "20ms", wall: 2000, memory: "64MiB", body: "256KiB", fetches: 3, logLines: 10 },
  onFailure: "open",
  state: () => ({ tenant: "", seen: 0 }),
  async setup(_config, host) {
    expectType<Equal<ReturnType<typeof host.env>, string | undefined>>();
    await host.kv.set("ready", true, { ttl: 60 });
    host.log.info("ready");
    host.metrics.counter("setups");
    expectType<Equal<ReturnType<typeof host.counters.take>["allowed"], boolean>>();
    const sum: number = host.counters.add("setups", 1, { ttl: 60 });
    // @ts-expect-error: with a limit there may be no sum
    const bounded: number = host.counters.add("setups", sum, { most: 3 });
    host.counters.compareAndSet("setups", bounded, sum);
  },
  async onRequest(request, ctx) {
    expectType<Equal<typeof ctx.state, { tenant: string; seen: number }>>();
    ctx.state.tenant = request.headers.get("x-tenant") ?? "";
    request.method = "POST";
    request.url = "/elsewhere";
    request.setBody(JSON.stringify(await request.json()));
    ctx.upstream.cluster = "beta";
    const answer = await fetch("https://api.example.com", { headers: request.headers, signal: ctx.signal });
    ctx.waitUntil(answer.text());
    if (!answer.ok) return new Response("not now", { status: 503, headers: answer.headers });
    return answer.status === 204 ? undefined : answer;
  },
  onRequestBody(chunk, ctx) {
    if (ctx.last) return "tail";
    if (chunk.length === 0) return null;
    if (chunk[0] === 0) ctx.end();
    return chunk.subarray(1);
  },
  onUpstream(attempt) {
    attempt.endpoint = attempt.number === 1 ? "127.0.0.1:3000" : null;
    attempt.headers.set("authorization", "Bearer x");
    expectType<Equal<typeof attempt.isRetry, boolean>>();
    // @ts-expect-error: attempts are counted by the proxy
    attempt.number = 1;
  },
  onResponse(response, ctx) {
    response.status = 203;
    response.headers.set("x-tenant", ctx.state.tenant);
    if (response.statusText === "x") return Response.json({ replaced: true });
  },
  async onResponseBody(chunk) {
    return new TextDecoder().decode(chunk).toUpperCase();
  },
  async onLog(record, ctx) {
    ctx.metrics.histogram("duration_ms", record.durationMs);
    expectType<Equal<typeof record.status, number>>();
  },
  teardown() {},
});

/** Every plugin is one: lists of them need no type parameters. */
export const plugins: readonly Plugin[] = [complete, definePlugin({})];

/** A helper that stands on its own takes what handlers have, whatever their config and state. */
function audit(ctx: Context, headers: Headers): void {
  ctx.log.info("seen", { agent: headers.get("user-agent"), cluster: ctx.upstream.cluster });
}

definePlugin({
  config: { type: "object", properties: { header: { type: "string", default: "x" } } },
  onRequest(request, ctx) {
    audit(ctx, request.headers);
    ctx.state.anything = request.headers.get(ctx.config.header);
  },
  onResponse(response, ctx) {
    response.headers.set("x-anything", ctx.state.anything);
    // @ts-expect-error: only the body phases have a last chunk
    ctx.last;
  },
});

definePlugin({
  // @ts-expect-error: a phase that is misspelled would never run
  onReqest() {},
});

definePlugin({
  // @ts-expect-error: an answer is a Response
  onRequest: () => 404,
});

definePlugin({
  // @ts-expect-error: an answer is a Response, later as well
  async onRequest() {
    return { status: 404 };
  },
});

definePlugin({
  // @ts-expect-error: a part of a body is text or bytes
  onResponseBody: (chunk) => chunk.length,
});

definePlugin({
  // @ts-expect-error: nobody reads what it returns
  onUpstream: () => new Response("no"),
});

definePlugin({
  // @ts-expect-error: a duration has a unit, or is a number
  limits: { cpu: "50" },
});

definePlugin({
  // @ts-expect-error: a size has a unit that is known
  limits: { memory: "32Mb" },
});

definePlugin({
  // @ts-expect-error: there are two outcomes
  onFailure: "ignore",
});

definePlugin({
  // @ts-expect-error: there is no such capability
  capabilities: { files: ["/etc"] },
});

definePlugin({
  state: () => ({ tenant: "" }),
  onRequest(_request, ctx) {
    // @ts-expect-error: the state has no such property
    ctx.state.tenent = "x";
  },
});
