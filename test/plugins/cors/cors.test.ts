import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { field } from "../../support/message.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";
import { refusing } from "../../upstream/endpoints.ts";

t.teardown(stopBundler);

const origin = "https://app.example.com";
const use = ["cors", { origins: [origin, "https://*.example.org"], credentials: true }] as const;
const preflight = (from: string) => ({
  method: "OPTIONS",
  headers: { origin: from, "access-control-request-method": "PUT" },
});

onEachEngine(
  "preflights are answered without the service, and responses say who may read them",
  async (t, engine) => {
    const seen: string[] = [];
    const upstream = (request: Request) => {
      seen.push(request.method);
      return new Response("here", { headers: { vary: "Accept", "access-control-allow-origin": "*" } });
    };
    await using gateway = await testGateway({ plugins: [use], upstream, engine });

    const allowed = await gateway.fetch("/", preflight("https://b.example.org"));
    t.equal(allowed.status, 204);
    t.match(Object.fromEntries(allowed.headers), {
      "access-control-allow-origin": "https://b.example.org",
      "access-control-allow-credentials": "true",
      "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
      "access-control-allow-headers": "authorization, content-type",
      "access-control-max-age": "600",
    });
    const refused = await gateway.fetch("/", preflight("https://evil.test"));
    t.equal(refused.status, 403);
    t.equal(refused.headers.get("content-type"), "application/problem+json");
    t.equal(refused.headers.get("access-control-allow-origin"), null);
    t.match(refused.headers.get("vary"), /^Origin/);
    t.same(seen, [], "the service was not asked");

    const read = await gateway.fetch("/", { headers: { origin } });
    t.equal(read.headers.get("access-control-allow-origin"), origin);
    t.equal(read.headers.get("vary"), "Accept, Origin");
    t.equal(await read.text(), "here");
    const other = await gateway.fetch("/", { headers: { origin: "https://evil.test" } });
    t.equal(other.headers.get("access-control-allow-origin"), null);
    t.equal(other.headers.get("vary"), "Accept, Origin");
    await gateway.fetch("/", { method: "OPTIONS" });
    t.same(seen, ["GET", "GET", "OPTIONS"], "an OPTIONS that is none goes on");
    t.same(gateway.faults, []);
  },
);

onEachEngine("what other policies answer may be read, too", async (t, engine) => {
  const source = `export default { onRequest: () => new Response("no", { status: 401 }) };`;
  await using gateway = await testGateway({ plugins: [use, { source, name: "guard" }], engine });
  const response = await gateway.fetch("/", { headers: { origin } });
  t.equal(response.status, 401);
  t.equal(response.headers.get("access-control-allow-origin"), origin);
  t.equal(
    (await gateway.fetch("/", preflight(origin))).status,
    204,
    "a preflight has no credentials to show",
  );
});

onEachEngine("a config that would give a user away is refused when it is loaded", async (t, engine) => {
  const refused = (config: object, message: RegExp) =>
    t.rejects(testGateway({ plugins: [["cors", config]], engine }), { message }, JSON.stringify(config));
  await refused({}, /origins/);
  await refused({ origins: [] }, /origins/);
  await refused({ origins: ["*"], credentials: true }, /Cannot use credentials/);
  await refused({ origins: ["null"], credentials: true }, /Cannot use credentials/);
  await refused({ origins: ["app.example.com"] }, /Cannot use origins/);
  await refused({ origins: ["*"], expose: ["a\r\nb: c"] }, /expose\/0 must match/);
  await refused({ origins: ["*"], methods: ["get"] }, /methods\/0 must match/);
});

const builtIn = [{ plugin: "cors", config: { origins: [origin] } }];

t.test("a real preflight never reaches the service, and keeps the connection in order", async (t) => {
  let asked = 0;
  const service = await startUpstream(t, () => {
    asked++;
    return ok("here");
  });
  const { ask } = await startBuiltInGateway(t, service.address, builtIn);
  const fields = [`Origin: ${origin}`, "Access-Control-Request-Method: PUT"];
  const response = await ask(get("/", ...fields).replace("GET", "OPTIONS"));
  t.equal(response.status, 204);
  t.equal(field(response, "access-control-allow-origin"), origin);
  t.equal(asked, 0);
  const read = await ask(get("/", `Origin: ${origin}`));
  t.equal(read.body, "here");
  t.equal(field(read, "vary"), "Origin");
});

t.test("a page is told that the service is not there", async (t) => {
  const { ask } = await startBuiltInGateway(t, await refusing(), builtIn);
  const response = await ask(get("/", `Origin: ${origin}`));
  t.equal(response.status, 502);
  t.equal(field(response, "access-control-allow-origin"), origin);
  t.equal(field(await ask(get("/")), "vary"), "Origin");
});

t.test("Two Origin fields are nobody's", async (t) => {
  const service = await startUpstream(t, () => ok("here"));
  const { ask } = await startBuiltInGateway(t, service.address, builtIn);
  const response = await ask(get("/", `Origin: ${origin}`, "Origin: https://evil.test"));
  t.equal(field(response, "access-control-allow-origin"), null);
});
