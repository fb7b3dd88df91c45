import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { field } from "../../support/message.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

const trusted = "https://admin.example.com";

onEachEngine("what another origin's page sends does not reach the service", async (t, engine) => {
  let asked = 0;
  const upstream = () => {
    asked++;
    return new Response("done");
  };
  await using gateway = await testGateway({ plugins: [["csrf", { origins: [trusted] }]], upstream, engine });
  const post = (origin: string) => gateway.fetch("/", { method: "POST", headers: { origin } });
  const refused = await post("https://evil.test");
  t.equal(refused.status, 403);
  t.equal(refused.headers.get("content-type"), "application/problem+json");
  t.match(await refused.json(), { status: 403, code: "cross_origin_request" });
  t.equal(asked, 0);
  t.equal((await post(trusted)).status, 200);
  t.equal((await post("http://localhost")).status, 200);
  t.equal((await gateway.fetch("/")).status, 200);
  t.same(gateway.faults, []);
});

onEachEngine("an origin that no browser sends is refused when it is loaded", async (t, engine) => {
  for (const origin of ["*", "null", "https://a.test/", "https://*.a.test", "a.test"]) {
    const loaded = testGateway({ plugins: [["csrf", { origins: [origin] }]], engine });
    await t.rejects(loaded, { message: /origins\/0 must match/ }, origin);
  }
});

t.test("a real request of another site, and a WebSocket it opens, get 403", async (t) => {
  const service = await startUpstream(t, () => ok("here"));
  const { ask } = await startBuiltInGateway(t, service.address, ["csrf"]);
  const post = (...fields: string[]) => ask(get("/", ...fields).replace("GET", "DELETE"));
  t.equal((await post("Sec-Fetch-Site: same-origin")).status, 200);
  const response = await post("Sec-Fetch-Site: cross-site");
  t.equal(response.status, 403);
  t.equal(field(response, "cache-control"), "no-store");
  const socket = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];
  t.equal(
    (await ask(get("/", ...socket, "Sec-WebSocket-Version: 13", "Origin: https://evil.test"))).status,
    403,
  );
});
