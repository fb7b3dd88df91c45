/** `sluice check` runs the `setup` of plugins with the configs that routes give them, and asks nothing outside. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import t, { type Test } from "tap";
import { listenLocally } from "../support/free-port.ts";

t.setTimeout(120_000);

const binary = resolve("core/cli/main.ts");
const clusters = 'clusters: { app: { endpoints: ["http://127.0.0.1:3000"] } }\n';

async function check(t: Test, files: Readonly<Record<string, string>>, env: object = {}) {
  const cwd = mkdtempSync(join(tmpdir(), "sluice-cli-"));
  t.teardown(() => rmSync(cwd, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(cwd, name), content);
  const child = spawn(process.execPath, [binary, "check"], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  const lines = err.split("\n").filter((line) => /^\S+:\d+:\d+: /.test(line));
  return { code, out, err, lines };
}

/** A server that counts who comes. */
async function counting(t: Test) {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.on("error", () => {}).destroy();
  });
  t.teardown(() => server.close());
  const port = await listenLocally(server);
  return { port, connections: () => connections };
}

t.test("configs that only setup refuses are told where the file says them, all at once", async (t) => {
  const { code, lines } = await check(t, {
    "sluice.yaml": `${clusters}routes:
  - { cluster: app, policies: [{ plugin: cors, config: { origins: ["*"], credentials: true } }] }
  - { cluster: app, path: /a, policies: [{ plugin: validate, config: {} }] }
  - { cluster: app, path: /b, policies: [{ plugin: rate-limit, config: { limits: [{ limit: 1, key: { expression: "request.path ==" } }] } }] }
`,
  });
  t.equal(code, 78);
  t.match(lines, [
    /^sluice\.yaml:3:\d+: route app: config of cors: Cannot use credentials: expected origins without \*/,
    /^sluice\.yaml:4:\d+: route app-2: config of validate: Cannot use config: expected either schema or openapi$/,
    /^sluice\.yaml:5:\d+: route app-3: config of rate-limit: Cannot use limits\.0: Cannot read the expression/,
  ]);
  t.equal(lines.length, 3);
});

const picky = `export default {
  config: { type: "object", properties: { name: { type: "string", pattern: "^[a-z]+$" }, from: { type: "number" }, to: { type: "number" } } },
  setup({ from = 0, to = 1 }) {
    if (from > to) throw new Error("from is more than to");
  },
  onRequest() {},
};
`;

for (const engine of ["isolated-vm", "quickjs", "inline"]) {
  t.test(`what setup of a plugin throws is told once, in its author's text, on ${engine}`, async (t) => {
    const bad = "{ plugin: picky, config: { from: 2, to: 1 } }";
    const { code, lines } = await check(t, {
      "picky.js": picky,
      "sluice.yaml": `${clusters}plugins: { directory: ., settings: { picky: { engine: ${engine} } } }
routes:
  - { cluster: app, policies: [${bad}] }
  - { cluster: app, path: /a, policies: [${bad}] }
  - { cluster: app, path: /b, policies: [{ plugin: picky, config: { name: UPPER } }] }
  - { cluster: app, path: /c, policies: [{ plugin: picky, config: { name: lower, to: 5 } }] }
`,
    });
    t.equal(code, 78);
    t.match(lines, [
      /^picky\.js:4:\d+: Error in setup: from is more than to$/,
      /^sluice\.yaml:6:\d+: route app-3: config of picky: config\/name must match \^\[a-z\]\+\$$/,
    ]);
    t.equal(lines.length, 2);
  });
}

t.test(
  "setup does not reach the network: what fails for that is a warning, and the check goes well",
  async (t) => {
    const server = await counting(t);
    const origin = `http://127.0.0.1:${server.port}`;
    const plugin = (rest: string) => `export default {
  capabilities: { fetch: ["${origin}"] },
  async setup() { ${rest} },
  onRequest() {},
};
`;
    const granted = `grants: { fetch: [{ origin: "${origin}", private: true }] }`;
    const { code, lines } = await check(t, {
      "needs.js": plugin(`await fetch("${origin}/keys")`),
      "copes.js": plugin(`await fetch("${origin}/keys").catch(() => {})`),
      "sluice.yaml": `${clusters}plugins: { directory: ., settings: { needs: { ${granted} }, copes: { ${granted} } } }
routes: [{ cluster: app, policies: [needs, copes] }]
`,
    });
    t.equal(code, 0);
    t.same(lines, [
      `sluice.yaml:3:37: warning: route app: setup of needs asks ${origin}, which nobody does before the start: it was not tried`,
    ]);
    t.equal(server.connections(), 0);
  },
);

t.test("setup does not reach a shared store, and knows which there are", async (t) => {
  const server = await counting(t);
  const { code, lines } = await check(t, {
    "counts.js": `export default {
  capabilities: { kv: true },
  async setup(config, host) { host.store("shared"); await host.store("shared").add("n", 1, { ttl: 60 }); },
  onRequest() {},
};
`,
    "strange.js": `export default { capabilities: { kv: true }, setup(config, host) { host.store("other"); }, onRequest() {} };\n`,
    "sluice.yaml": `${clusters}stores: { shared: { redis: { url: "redis://127.0.0.1:${server.port}" } } }
plugins: { directory: ., settings: { counts: { grants: { kv: true } }, strange: { grants: { kv: true } } } }
routes: [{ cluster: app, policies: [counts, strange] }]
`,
  });
  t.equal(code, 78);
  t.match(lines, [
    /^sluice\.yaml:4:\d+: warning: route app: setup of counts asks the store shared, /,
    /^strange\.js:1:\d+: \w+ in setup: .*other/,
  ]);
  t.equal(server.connections(), 0);
});

t.test("attack: setup of a plugin tells what it was not granted in what it throws", async (t) => {
  const plugin = `export default {
  capabilities: { env: ["SECRET"] },
  setup(config, host) { throw new Error(host.env("SECRET")); },
  onRequest() {},
};
`;
  const yaml = (grants: string) => `${clusters}plugins: { directory: ., settings: { teller: { ${grants} } } }
routes: [{ cluster: app, policies: [teller] }]
`;
  const env = { SECRET: "hunter-two" };
  const without = await check(t, { "teller.js": plugin, "sluice.yaml": yaml("") }, env);
  t.equal(without.code, 78);
  t.match(without.lines, [/teller asks for env SECRET, which is not granted/]);
  t.notMatch(without.out + without.err, "hunter-two");
  const granted = await check(
    t,
    { "teller.js": plugin, "sluice.yaml": yaml("grants: { env: [SECRET] }") },
    env,
  );
  t.match(granted.lines, [/^teller\.js:3:\d+: Error in setup: hunter-two/]);
});

t.test("a setup that never ends, and one that ends its process, are told by name", async (t) => {
  const endless = await check(t, {
    "endless.js": "export default { setup() { for (;;); }, onRequest() {} };\n",
    "fine.js": "export default { onRequest() {} };\n",
    "sluice.yaml": `${clusters}plugins: { directory: . }\nroutes: [{ cluster: app, policies: [endless, fine] }]\n`,
  });
  t.equal(endless.code, 78);
  t.match(endless.lines, [
    /^endless\.js:1:\d+: Cannot set up the plugin: .*plugins\.settings\.endless\.limits\.cpu/,
  ]);
  t.equal(endless.lines.length, 1);
  const bomb = await check(t, {
    "bomb.js": 'export default { setup() { "a".repeat(1 << 28).split(""); }, onRequest() {} };\n',
    "sluice.yaml": `${clusters}plugins: { directory: . }\n`,
  });
  t.equal(bomb.code, 78);
  t.same(bomb.lines, ["bomb.js:1:1: the process ended while the plugin was set up"]);
});

t.test("a finder's setup is tried with its cluster's config", async (t) => {
  const { code, lines } = await check(t, {
    "finder.js": `export default {
  config: { type: "object", properties: { zone: { type: "string" } } },
  setup({ zone }) { if (zone === "nowhere") throw new Error("there is no such zone"); },
  discover() { return []; },
};
`,
    "sluice.yaml": `clusters:
  app: { discovery: { plugin: finder, config: { zone: nowhere } } }
plugins: { directory: . }
`,
  });
  t.equal(code, 78);
  t.match(lines, [/^finder\.js:3:\d+: Error in setup: there is no such zone$/]);
});
