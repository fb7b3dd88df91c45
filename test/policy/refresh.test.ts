/** `ctx.refresh`: a request that is sent again for nobody. */
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { until } from "../net/until.ts";
import { get } from "../support/gateway.ts";
import { field, type Message } from "../support/message.ts";
import { type PluginLine, startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);

/** What a line says besides its message. */
const said = ({ fields }: PluginLine) => (fields as { fields?: object }).fields;

/** Answers what it asks for behind the client's back, and logs what it sees. */
const refreshes = `export default {
  onRequest(request, ctx) {
    ctx.log.info("request", { again: ctx.isRefresh, field: request.headers.get("x-before") });
    if (ctx.isRefresh) return;
    return new Response(String(ctx.refresh()));
  },
  onResponse(response, ctx) {
    if (ctx.isRefresh) ctx.log.info("response", { status: response.status, error: response.error });
  },
};`;

const before = `export default {
  onRequest(request, ctx) { ctx.log.info("before"); request.headers.set("x-before", "1"); },
  onResponse(response, ctx) { ctx.log.info("after"); },
};`;

const behind = `export default {
  onRequest(request, ctx) { request.headers.set("x-behind", String(ctx.isRefresh)); },
};`;

t.test("the request is sent again as it reached the policy, while the client has its answer", async (t) => {
  const asked: Message[] = [];
  const service = await startUpstream(t, (request) => {
    asked.push(request);
    return ok("new");
  });
  const gateway = await startPolicyGateway(t, service.address, {
    plugins: { "a.ts": before, "b.ts": refreshes, "c.ts": behind },
  });
  t.equal((await gateway.ask(get("/path?query", "X-Own: 1"))).body, "true");
  await until(() => gateway.lines.some(({ message }) => message === "response"));
  t.same(
    gateway.lines.filter(({ plugin }) => plugin === "b").map((line) => [line.message, said(line)]),
    [
      ["request", { again: false, field: "1" }],
      ["request", { again: true, field: "1" }],
      ["response", { status: 200, error: null }],
    ],
  );
  const others = gateway.lines.filter(({ plugin }) => plugin === "a").map(({ message }) => message);
  t.same(others, ["before", "after"], "those before it see the client's alone");
  t.equal(asked.length, 1);
  t.equal(asked[0]!.startLine, "GET /path?query HTTP/1.1");
  t.equal(field(asked[0]!, "x-behind"), "true");
  t.equal(field(asked[0]!, "x-own"), "1");
  t.equal(gateway.records.length, 1, "the log knows of the client's request alone");
});

t.test("the client may be gone by then", async (t) => {
  const service = await startUpstream(t);
  const gateway = await startPolicyGateway(t, service.address, { plugins: { "b.ts": refreshes } });
  await gateway.ask(get());
  await until(() => gateway.accepted.every(({ destroyed }) => destroyed));
  const { peer } = await service.request();
  peer.write(ok("new"));
  await until(() => gateway.lines.some(({ message }) => message === "response"));
});

t.test("a service that breaks off is told as to any request", async (t) => {
  const service = await startUpstream(t);
  const gateway = await startPolicyGateway(t, service.address, { plugins: { "b.ts": refreshes } });
  await gateway.ask(get());
  const { peer } = await service.request();
  peer.socket.destroy();
  await until(() => gateway.lines.some(({ message }) => message === "response"));
  t.match(said(gateway.lines.at(-1)!), { status: 502, error: /^upstream_/ });
});

t.test("the route's time is that of the request that is sent again, too", async (t) => {
  const service = await startUpstream(t);
  const gateway = await startPolicyGateway(t, service.address, {
    plugins: { "b.ts": refreshes },
    route: { timeout: 60 },
  });
  await gateway.ask(get());
  await service.request();
  await until(() => gateway.lines.some(({ message }) => message === "response"));
  t.match(said(gateway.lines.at(-1)!), { status: 504, error: "deadline_exceeded" });
});

t.test("a request with a body is not sent again", async (t) => {
  const service = await startUpstream(t, () => ok("new"));
  const gateway = await startPolicyGateway(t, service.address, { plugins: { "b.ts": refreshes } });
  const post = "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\n\r\nx";
  t.equal((await gateway.ask(post)).body, "false");
  t.equal(service.connections.length, 0);
});

t.test("what was sent again is not sent again once more", async (t) => {
  const service = await startUpstream(t, () => ok("new"));
  const loops = `export default {
    onRequest(request, ctx) { ctx.log.info("refresh", { sent: ctx.refresh() }); },
  };`;
  const gateway = await startPolicyGateway(t, service.address, { plugins: { "b.ts": loops } });
  await gateway.ask(get());
  await until(() => gateway.lines.length === 2);
  t.same(gateway.lines.map(said), [{ sent: true }, { sent: false }]);
});

t.test("only onRequest is the place for it", async (t) => {
  const late = `export default {
    onResponse(response, ctx) {
      try { ctx.refresh(); } catch (error) { response.headers.set("x-error", error.name); }
    },
  };`;
  const service = await startUpstream(t, () => ok("new"));
  const gateway = await startPolicyGateway(t, service.address, { plugins: { "b.ts": late } });
  t.equal(field(await gateway.ask(get()), "x-error"), "InvalidStateError");
});

t.test("a policy has a request sent again once, however often it asks", async (t) => {
  const service = await startUpstream(t, () => ok("new"));
  const loops = `export default {
    onRequest(request, ctx) {
      let sent = 0;
      for (let i = 0; i < 1000 && !ctx.isRefresh; i++) if (ctx.refresh()) sent++;
      if (!ctx.isRefresh) ctx.log.info("sent", { sent });
    },
  };`;
  const gateway = await startPolicyGateway(t, service.address, { plugins: { "a.ts": loops, "b.ts": loops } });
  await gateway.ask(get());
  t.same(
    gateway.lines.map((line) => [line.plugin, said(line)]),
    [
      ["a", { sent: 1 }],
      ["b", { sent: 1 }],
    ],
  );
});

t.test("a plugin that has all the requests sent again that it may leaves places for another", async (t) => {
  const service = await startUpstream(t, () => null);
  const other = `export default {
    onRequest(request, ctx) {
      if (request.headers.has("x-other") && !ctx.isRefresh) return new Response(String(ctx.refresh()));
    },
  };`;
  const gateway = await startPolicyGateway(t, service.address, {
    plugins: { "a.ts": other, "b.ts": refreshes },
  });
  let answer = "true";
  for (let i = 0; i < 520 && answer === "true"; i++) answer = (await gateway.ask(get())).body;
  t.equal(answer, "false");
  t.equal((await gateway.ask(get("/", "X-Other: 1"))).body, "true");
});

t.test("there are only so many at a time, and none when all of it ends", async (t) => {
  const service = await startUpstream(t, () => null);
  const gateway = await startPolicyGateway(t, service.address, { plugins: { "b.ts": refreshes } });
  let sent = 0;
  for (let i = 0; i < 520; i++) if ((await gateway.ask(get())).body === "true") sent++;
  t.equal(sent, 256, "as many as are still free then");
  gateway.gateway.close();
  await until(() => service.connections.every(({ socket }) => socket.destroyed || socket.readableEnded));
});
