/** Policies in the process of a program that embeds a proxy. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import t, { type Test } from "tap";
import { createProxy } from "../../core/index.ts";

async function startService(t: Test): Promise<string> {
  const service = createServer((_request, response) => response.end("service"));
  await once(service.listen(0, "127.0.0.1"), "listening");
  t.teardown(() => service.close());
  return `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
}

async function configOf(t: Test, policies: string, plugins: Readonly<Record<string, string>> = {}) {
  const folder = t.testdir({
    plugins,
    "sluice.yaml": `listeners: [{ address: "127.0.0.1:0" }]
clusters: { app: { endpoints: ["${await startService(t)}"] } }
plugins: { directory: plugins }
routes: [{ cluster: app, policies: [${policies}] }]
`,
  });
  return `${folder}/sluice.yaml`;
}

t.test("createProxy runs the policies of its config: those of the folder and built-in ones", async (t) => {
  const plugins = { "stop.ts": 'export default { onRequest: () => new Response("stopped") };\n' };
  const proxy = await createProxy({ config: await configOf(t, "security-headers, stop", plugins) });
  t.teardown(() => proxy.close());
  const response = await fetch(proxy.url);
  t.equal(await response.text(), "stopped");
  t.equal(response.headers.get("x-content-type-options"), "nosniff");
});

t.test("createProxy refuses a config whose policies cannot be used", async (t) => {
  await t.rejects(createProxy({ config: await configOf(t, "nowhere") }), { message: /nowhere/ });
  const broken = { "a.ts": "export default {\n" };
  await t.rejects(createProxy({ config: await configOf(t, "a", broken) }), { message: /a\.ts/ });
});

t.test("createProxy follows the discovery of its clusters, by file and by plugin", async (t) => {
  const url = new URL(await startService(t));
  const folder = t.testdir({
    plugins: {
      "finder.ts": `export default {
  capabilities: { endpoints: ["${url.hostname}"] },
  discover: () => [{ address: "${url.host}" }],
};
`,
    },
    "endpoints.json": JSON.stringify([url.host]),
    "sluice.yaml": `listeners: [{ address: "127.0.0.1:0" }]
clusters:
  found: { discovery: { file: endpoints.json } }
  told: { discovery: { plugin: finder } }
plugins: { directory: plugins, settings: { finder: { grants: { endpoints: ["${url.hostname}"] } } } }
routes:
  - { cluster: found, policies: [] }
  - { path: /told, cluster: told, policies: [] }
`,
  });
  const proxy = await createProxy({ config: `${folder}/sluice.yaml` });
  t.teardown(() => proxy.close());
  for (const path of ["/", "/told"]) t.equal(await (await fetch(proxy.url + path)).text(), "service", path);
});
