import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import t, { type Test } from "tap";
import { noGrants } from "../../../core/config/defaults.ts";
import type { Address } from "../../../core/config/model.ts";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { until } from "../../net/until.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { startChromium } from "../../support/chromium.ts";
import { field } from "../../support/message.ts";
import { missing } from "../../support/missing.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";
import { Browser } from "./browser.ts";
import { oidcConfig } from "./oidc-gateway.ts";
import { startProvider, type TestProvider } from "./provider.ts";

t.teardown(stopBundler);
t.setTimeout(120_000);

/** A gateway with a real listener, whose origin the provider knows. */
async function startSite(
  t: Test,
  provider: TestProvider,
  service: Address,
  settings: object = {},
): Promise<string> {
  const config = { strategies: [oidcConfig(provider, settings)] };
  const { address } = await startBuiltInGateway(t, service, [{ plugin: "auth", config }], {
    settings: { auth: { grants: { ...noGrants, fetch: [provider.issuer] } } },
  });
  const site = `http://localhost:${(address as { port: number }).port}`;
  provider.allowSite(site);
  return site;
}

t.test("a login through a real listener", async (t) => {
  const provider = await startProvider(t, []);
  const service = await startUpstream(t, (request) =>
    ok(`${field(request, "x-auth-subject")} ${field(request, "cookie") ?? "no cookie"}`),
  );
  const site = await startSite(t, provider, service.address, { cooldown: 0 });
  const browser = new Browser();
  const page = await browser.go(`${site}/orders?page=2`);
  t.equal(page.url, `${site}/orders?page=2`);
  t.equal(page.text, "alice no cookie");
  t.equal((await browser.fetch(`${site}/api`)).status, 200);
  t.equal((await new Browser().fetch(`${site}/api`)).status, 401);
  const own = { "sec-fetch-site": "same-origin" };
  const left = await browser.go(`${site}/oauth2/logout`, { method: "POST", headers: own, follow: 1 });
  t.match(left.url, `${provider.issuer}/session/end?`);
  t.equal((await browser.fetch(`${site}/api`)).status, 401);
});

t.test("a logout at the provider ends the session here", async (t) => {
  const client: Record<string, unknown> = { backchannel_logout_session_required: true };
  const provider = await startProvider(t, [], { client });
  const service = await startUpstream(t, () => ok("here"));
  const logout = { backChannelPath: "/oauth2/back-channel" };
  const site = await startSite(t, provider, service.address, { logout, cooldown: 0 });
  client["backchannel_logout_uri"] = `${site}/oauth2/back-channel`;
  provider.allowSite(site);
  const browser = new Browser();
  t.equal((await browser.go(site)).status, 200);
  const asked = await browser.go(`${provider.issuer}/session/end`);
  const [, xsrf = ""] = /name="xsrf" value="([^"]*)"/.exec(asked.text) ?? [];
  const done = await browser.go(`${provider.issuer}/session/end/confirm`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ xsrf, logout: "yes" }).toString(),
  });
  t.equal(done.status, 200);
  await until(async () => (await browser.fetch(site)).status === 401);
  t.equal(provider.count("POST /session/end/confirm"), 1);
});

/** What the page of a service says of itself. */
interface Report {
  readonly path: string;
  readonly cookie: string;
  readonly api: number;
}

const page = `<!doctype html>
<title>A service</title>
<link rel="icon" href="data:,">
<form method="post" action="/oauth2/logout"></form>
<script type="module">
const api = await fetch("/api");
const report = { path: location.pathname + location.search, cookie: document.cookie, api: api.status };
const answer = await fetch("/report", { method: "POST", body: JSON.stringify(report) });
if ((await answer.text()) === "leave") document.forms[0].submit();
</script>
`;

t.test("a login, a logout and another login in Chromium", { skip: missing("chromium") }, async (t) => {
  const provider = await startProvider(t, []);
  const reports: Report[] = [];
  const { promise: isOver, resolve: end } = Promise.withResolvers<void>();
  const server = createServer(async (request, response) => {
    if (request.method === "POST") {
      reports.push(JSON.parse(await text(request)));
      response.end(reports.length === 1 ? "leave" : "stay");
      if (reports.length === 2) end();
    } else response.setHeader("content-type", "text/html").end(page);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => void server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const site = await startSite(t, provider, { host: "127.0.0.1", port }, { cooldown: 0 });
  await using chromium = startChromium(t.testdir(), `${site}/orders?page=2`);
  const ended = chromium.ended.then(() => Promise.reject(new Error(`chromium ended: ${chromium.output}`)));
  await Promise.race([isOver, ended]);
  t.same(reports, [
    { path: "/orders?page=2", cookie: "", api: 200 },
    { path: "/", cookie: "", api: 200 },
  ]);
  t.equal(provider.count("POST /token"), 2);
  t.equal(provider.count("POST /session/end/confirm"), 1, "the provider's own session is over, too");
  t.equal(provider.count("POST /token/revocation"), 1);
});
