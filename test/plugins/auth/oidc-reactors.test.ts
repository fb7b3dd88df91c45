/** The command with two reactors, and a provider that ends a login when a refresh token comes twice. Runs on Node. */
import { Agent, request } from "node:http";
import t from "tap";
import { PluginFolder } from "../../control/plugin-folder.ts";
import { startSluice } from "../../control/running-sluice.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";
import { Browser } from "./browser.ts";
import { clientSecret, startProvider } from "./provider.ts";

t.setTimeout(60_000);

/** Tells which reactor answers: each has a number of its own. */
const naming = `import { definePlugin } from "sluice/sdk";
const name = Math.random();
export default definePlugin({
  onResponse(response) { response.headers.set("x-reactor", String(name)); },
});
`;

interface Asked {
  readonly status: number;
  readonly reactor: string;
}

/** A request on a connection of its own: the kernel chooses the reactor anew. */
function ask(url: string, cookie: string): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    request(url, { agent, headers: { cookie } }, (response) => {
      response.resume();
      response.on("end", () =>
        resolve({ status: response.statusCode!, reactor: String(response.headers["x-reactor"]) }),
      );
    })
      .on("error", reject)
      .end();
  });
}

t.test("two reactors refresh one session once", { skip: "Deno" in globalThis }, async (t) => {
  const provider = await startProvider(t, [], { accessTokenFor: 2 });
  const service = await startUpstream(t, () => ok("here"));
  const { host, port } = service.address as { host: string; port: number };
  const folder = new PluginFolder(t, { "naming.ts": naming });
  const config = folder.write(
    "sluice.yaml",
    `
workers: 2
listeners: [{ name: main, address: 127.0.0.1:0 }]
accessLog: false
clusters: { app: { endpoints: ["http://${host}:${port}"] } }
routes:
  - cluster: app
    policies:
      - naming
      - plugin: auth
        config:
          strategies:
            - type: oidc
              issuer: ${provider.issuer}
              clientId: gateway
              clientSecret: "${clientSecret}"
              refreshBefore: 0
              session: { secrets: [0123456789abcdef0123456789abcdef] }
plugins:
  directory: ${folder.plugins}
  settings: { auth: { grants: { fetch: ["${provider.issuer}"] } } }
`,
  );
  const sluice = startSluice(t, "--config", config);
  const url = await sluice.url();
  provider.allowSite(url);
  const browser = new Browser();
  t.equal((await browser.go(url)).status, 200);
  const cookie = [...browser.jar(url)].map(([name, value]) => `${name}=${value}`).join("; ");
  const asked: Asked[] = [];
  while (provider.count("POST /token") < 2) {
    asked.push(...(await Promise.all(Array.from({ length: 16 }, () => ask(url, cookie)))));
  }
  asked.push(...(await Promise.all(Array.from({ length: 16 }, () => ask(url, cookie)))));
  t.same(new Set(asked.map(({ status }) => status)), new Set([200]));
  t.equal(new Set(asked.slice(-32).map(({ reactor }) => reactor)).size, 2, "both had some of the requests");
  t.equal(provider.count("POST /token"), 2, "a login and a refresh");
});
