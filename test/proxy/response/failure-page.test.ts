import t, { type Test } from "tap";
import { field } from "../../support/message.ts";
import { startPolicyGateway } from "../../support/policies.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

const plugin = `import { definePlugin } from "sluice/sdk";
export default definePlugin({
  onRequest(request) {
    if (request.method === "POST") for (;;);
    throw new Error("<script>alert(1)</script> é \\u0000 " + request.headers.get("x-who"));
  },
});
`;

async function start(t: Test, showFailures: boolean | undefined, onFailure: "closed" | "open" = "closed") {
  const upstream = await startUpstream(t, () => ok("upstream"));
  return startPolicyGateway(t, upstream.address, {
    plugins: { "thrower.ts": plugin },
    settings: { thrower: { limits: { cpu: 50 }, onFailure } },
    config: (config) => ({
      ...config,
      plugins: {
        ...config.plugins,
        ...(showFailures === undefined ? {} : { showFailures, findsLoops: showFailures }),
      },
    }),
  });
}

const browser = "Host: a\r\nAccept: text/html,application/xhtml+xml;q=0.9\r\nX-Who: <b>\r\n";

t.test(
  "a browser is shown the message, the place and the stack of a failed policy in development",
  async (t) => {
    const gateway = await start(t, true);
    const message = await gateway.ask(`GET / HTTP/1.1\r\n${browser}\r\n`);
    const { body } = message;
    t.equal(message.status, 500);
    t.match(field(message, "content-type"), "text/html");
    t.match(field(message, "content-security-policy"), "default-src 'none'");
    t.match(body, "Policy thrower in onRequest failed");
    t.match(body, /thrower\.ts:5:\d+/);
    t.match(body, /<mark>5 \| .*throw new Error/);
    t.match(body, /<h2>Stack<\/h2>/);
  },
);

t.test("nothing that a request or a plugin says is markup, and the length is right", async (t) => {
  const gateway = await start(t, true);
  const message = await gateway.ask(`GET / HTTP/1.1\r\n${browser}\r\n`);
  const { body } = message;
  t.notMatch(body, /<script|<b>/);
  t.match(body, "&#60;b&#62;");
  t.notMatch(body, /[^\n\t\x20-\x7e]/);
  t.equal(Number(field(message, "content-length")), body.length);
});

t.test("a lost guest is shown with the place of its loop", async (t) => {
  const gateway = await start(t, true);
  const { body } = await gateway.ask(`POST / HTTP/1.1\r\n${browser}Content-Length: 0\r\n\r\n`);
  t.match(body, "Policy thrower failed");
  // QuickJS tells the line of the function.
  t.match(body, /<mark>[34] \|/);
});

t.test("programs get problem details, in development too", async (t) => {
  const gateway = await start(t, true);
  const message = await gateway.ask("GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n");
  const { body } = message;
  t.equal(field(message, "content-type"), "application/problem+json");
  t.match(JSON.parse(body), { status: 500, code: "plugin_failed" });
});

t.test("a browser is shown nothing of a policy in service", async (t) => {
  for (const off of [undefined, false]) {
    const gateway = await start(t, off);
    const message = await gateway.ask(`GET / HTTP/1.1\r\n${browser}\r\n`);
    const { body } = message;
    t.equal(field(message, "content-type"), "application/problem+json");
    t.notMatch(body, /thrower|alert/);
  }
});

t.test("an error that is no policy's has no page", async (t) => {
  const gateway = await start(t, true, "open");
  const message = await gateway.ask(`TRACE / HTTP/1.1\r\n${browser}\r\n`);
  t.equal(field(message, "content-type"), "application/problem+json");
});
