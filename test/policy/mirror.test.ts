/** Copies of requests where policies are. */
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { until } from "../net/until.ts";
import { withMirrors } from "../proxy/mirrors.ts";
import { field } from "../support/message.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok } from "../support/raw-upstream.ts";
import { resets, retrying, startCounting } from "../upstream/endpoints.ts";

t.teardown(stopBundler);

const post = (body: string) =>
  `POST /in HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

for (const [title, handlers, body] of [
  ["replaces", `onRequest(request) { request.setBody("another"); },`, "another"],
  ["reads", "async onRequest(request) { await request.text(); },", "hello"],
  [
    "changes on its way",
    `onRequestBody(chunk) { return new TextDecoder().decode(chunk).toUpperCase(); },`,
    "HELLO",
  ],
] as const) {
  t.test(`a copy has the body that a policy ${title}`, async (t) => {
    const [main, copies] = [await startCounting(t, () => ok("real")), await startCounting(t, () => ok())];
    const gateway = await startPolicyGateway(t, main.address, {
      plugins: { "one.ts": `export default { ${handlers} };` },
      config: (config) => withMirrors(config, [[[copies.address]]]),
    });
    for (let n = 1; n <= 3; n++) {
      t.match(await gateway.ask(post("hello")), { status: 200, body: "real" });
      await until(() => copies.requests.length === n);
    }
    t.same(
      copies.requests.map((request) => request.body),
      [body, body, body],
    );
    t.same(
      main.requests.map((request) => request.body),
      [body, body, body],
    );
  });
}

t.test("a body that a policy changes is copied with its trailers", async (t) => {
  const [main, copies] = [await startCounting(t, () => ok("real")), await startCounting(t, () => ok())];
  const gateway = await startPolicyGateway(t, main.address, {
    plugins: {
      "one.ts": `export default {
        onRequestBody(chunk) { return new TextDecoder().decode(chunk).toUpperCase(); },
      };`,
    },
    config: (config) => withMirrors(config, [[[copies.address]]]),
  });
  for (const chunks of ["5\r\nhello\r\n1\r\n!\r\n", ""]) {
    const before = copies.requests.length;
    await gateway.ask(
      `PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\nX-Sum: 6\r\n\r\n`,
    );
    await until(() => copies.requests.length > before);
    t.match(copies.requests.at(-1), {
      body: chunks === "" ? "" : "HELLO!",
      trailers: [["X-Sum", "6"]],
    });
  }
});

t.test("a copy is the first attempt as policies left it", async (t) => {
  const [bad, good] = [await startCounting(t, resets), await startCounting(t, () => ok("real"))];
  const copies = await startCounting(t, () => ok());
  const gateway = await startPolicyGateway(t, [bad.address, good.address], {
    plugins: {
      "one.ts": `export default {
        onRequest(request) { request.headers.set("x-policy", "yes"); },
        onUpstream(attempt) { attempt.headers.set("x-attempt", String(attempt.number)); },
      };`,
    },
    route: { retry: retrying() },
    config: (config) => withMirrors(config, [[[copies.address]]]),
  });
  for (let n = 1; n <= 2; n++) {
    t.match(await gateway.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), { status: 200 });
    await until(() => copies.requests.length === n);
  }
  t.same(
    copies.requests.map((request) => field(request, "x-policy")),
    ["yes", "yes"],
  );
  t.same(
    copies.requests.map((request) => field(request, "x-attempt")),
    ["1", "1"],
  );
});

t.test("what a policy answers itself is not copied", async (t) => {
  const [main, copies] = [await startCounting(t, () => ok("real")), await startCounting(t, () => ok())];
  const gateway = await startPolicyGateway(t, main.address, {
    plugins: {
      "one.ts": `export default { onRequest(request) {
        if (request.headers.has("x-refuse")) return new Response("no", { status: 403 });
      } };`,
    },
    config: (config) => withMirrors(config, [[[copies.address]]]),
  });
  t.match(await gateway.ask("GET / HTTP/1.1\r\nHost: a\r\nX-Refuse: 1\r\n\r\n"), { status: 403 });
  t.match(await gateway.ask("GET /yes HTTP/1.1\r\nHost: a\r\n\r\n"), { status: 200 });
  await until(() => copies.requests.length > 0);
  t.match(copies.requests, [{ startLine: "GET /yes HTTP/1.1" }]);
});
