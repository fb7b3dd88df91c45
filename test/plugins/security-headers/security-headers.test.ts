import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { isOwnedField } from "../../../sdk/runtime/owned-fields.ts";
import { createAuthority } from "../../net/certificates.ts";
import { listenerTls, portOf } from "../../net/configs.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { field } from "../../support/message.ts";
import { missing } from "../../support/missing.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";
import { refusing } from "../../upstream/endpoints.ts";

t.teardown(stopBundler);

const plugin = "security-headers";

/** The fields that it sets without a config. */
const defaults = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "strict-origin-when-cross-origin",
  "content-security-policy": "frame-ancestors 'self'",
  "x-frame-options": "SAMEORIGIN",
};

onEachEngine("without a config it sets what harms nobody, and takes two fields away", async (t, engine) => {
  const upstream = () =>
    new Response("here", { headers: { server: "a", "x-powered-by": "b", "x-own": "c" } });
  await using gateway = await testGateway({ plugins: [plugin], upstream, engine });
  const response = await gateway.fetch("/");
  const fields = Object.fromEntries(response.headers);
  t.match(fields, { ...defaults, "x-own": "c" });
  t.notOk("server" in fields || "x-powered-by" in fields || "strict-transport-security" in fields);
  t.equal(await response.text(), "here");
  const secure = await gateway.fetch("https://localhost/");
  t.equal(secure.headers.get("strict-transport-security"), "max-age=31536000");
  t.same(gateway.faults, []);
});

onEachEngine("the service's word stands, and two policies on one plugin keep apart", async (t, engine) => {
  const upstream = () => new Response("", { headers: { "referrer-policy": "origin" } });
  const uses = [
    [plugin, { permissionsPolicy: "camera=()", frameAncestors: false }],
    [plugin, { hsts: { maxAge: 60 }, contentTypeOptions: false }],
  ] as const;
  await using gateway = await testGateway({ plugins: uses, upstream, engine });
  const { headers } = await gateway.fetch("https://localhost/");
  t.equal(headers.get("referrer-policy"), "origin");
  t.equal(headers.get("permissions-policy"), "camera=()");
  t.equal(headers.get("x-frame-options"), "SAMEORIGIN");
  t.equal(headers.get("strict-transport-security"), "max-age=60", "the last one sees the response first");
  t.same(gateway.faults, []);
});

onEachEngine("a config that could not be sent is refused when it is loaded", async (t, engine) => {
  const refused = (config: object, message: RegExp) =>
    t.rejects(testGateway({ plugins: [[plugin, config]], engine }), { message }, JSON.stringify(config));
  await refused({ permissionsPolicy: "a\r\nset-cookie: b=c" }, /permissionsPolicy must match/);
  await refused({ contentSecurityPolicy: "a\u0000" }, /contentSecurityPolicy must match/);
  await refused({ contentSecurityPolicy: true }, /config\/contentSecurityPolicy/);
  await refused({ frameAncestors: ["'self'; script-src *"] }, /frameAncestors\/0 must match/);
  await refused({ frameAncestors: ["a,b"] }, /frameAncestors\/0 must match/);
  await refused({ frameAncestors: [] }, /config\/frameAncestors/);
  await refused({ referrerPolicy: "norefferer" }, /config\/referrerPolicy/);
  await refused({ hsts: { maxage: 1 } }, /config\/hsts/);
  await refused({ hsts: { preload: true } }, /hsts\.preload/);
  await refused({ remove: ["a b"] }, /remove\/0 must match/);
  await refused({ remove: ["Content-Length"] }, /Cannot use remove/);
  await refused({ nosniff: true }, /must not have additional properties|nosniff/);
});

t.test("every field that is the proxy's own is refused in remove", async (t) => {
  const names =
    `connection content-length content-type date expect forwarded host http2-settings keep-alive proxy
    proxy-authorization proxy-connection server set-cookie te trailer transfer-encoding upgrade via x-forwarded-for
    x-forwarded-host x-forwarded-proto x-request-id x_request_id`.split(/\s+/);
  t.ok(names.filter(isOwnedField).length >= 18);
  for (const name of names) {
    const start = () => testGateway({ plugins: [[plugin, { remove: [name] }]] });
    if (isOwnedField(name)) await t.rejects(start(), { message: /Cannot use remove/ }, name);
    else await (await start()).close();
  }
});

/** A service whose answer names itself, behind a real listener. */
async function start(t: Test, settings: Parameters<typeof startBuiltInGateway>[3] = {}) {
  const service = await startUpstream(t, () => ok("here", "Server: a", "X-Powered-By: b"));
  return startBuiltInGateway(t, service.address, [plugin], settings);
}

for (const engine of [undefined, "quickjs"] as const) {
  t.test(`a real response has the fields, engine: ${engine ?? "its own"}`, async (t) => {
    const { ask } = await start(t, engine && { engine });
    const response = await ask(get("/"));
    t.equal(response.body, "here");
    for (const [name, value] of Object.entries(defaults)) t.equal(field(response, name), value);
    for (const name of ["server", "x-powered-by", "strict-transport-security"])
      t.equal(field(response, name), null);
  });
}

t.test("https that a trusted proxy ended is https, and a stranger's word is not", async (t) => {
  const fields = get("/", "X-Forwarded-Proto: https");
  const stranger = await start(t);
  t.equal(field(await stranger.ask(fields), "strict-transport-security"), null);
  const trusting = await start(t, { forwarding: { trustedProxies: ["127.0.0.0/8"] } });
  t.equal(field(await trusting.ask(fields), "strict-transport-security"), "max-age=31536000");
  t.equal(field(await trusting.ask(get("/")), "strict-transport-security"), null);
});

t.test("a client over TLS is told to stay there", { skip: missing("openssl") }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-headers-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const authority = createAuthority(folder);
  const tls = listenerTls(authority.issue("server", ["localhost"]));
  const { address } = await start(t, { listener: { tls } });
  const to = { host: "127.0.0.1", port: portOf(address), servername: "localhost", agent: false };
  const headers = await new Promise<NodeJS.Dict<string | string[]>>((resolve, reject) => {
    request({ ...to, ca: readFileSync(authority.file) }, (response) => {
      response.resume();
      resolve(response.headers);
    })
      .on("error", reject)
      .end();
  });
  t.equal(headers["strict-transport-security"], "max-age=31536000");
});

t.test("what the proxy answers for a service that is not there has the fields too", async (t) => {
  const { ask } = await startBuiltInGateway(t, await refusing(), [plugin]);
  const response = await ask(get("/"));
  t.equal(response.status, 502);
  t.equal(field(response, "x-content-type-options"), "nosniff");
});
