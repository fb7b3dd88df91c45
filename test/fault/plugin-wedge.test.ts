import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { freePort, listenLocally } from "../support/free-port.ts";
import { tooSlowToRestart } from "../support/machine-pace.ts";
import { startProgram } from "../support/program.ts";
import { noProc } from "./sluice-process.ts";

/** What V8 cannot be made to stop: it fills memory, ends the process, or is in a loop that asks nobody. */
const attacks = {
  grow: "const list = []; for (;;) list.push(new Array(1000).fill(1.5));",
  fill: "new Array(1e9).fill(0);",
  refill: "for (;;) new Array(1000).fill(0);",
  split: '"a".repeat(1 << 28).split("");',
};

/** What grows by small parts: a fault of the plugin where V8 notices in time; else V8 ends the process. */
const floods = {
  map: "const map = new Map(); for (let n = 0; ; n++) map.set(n, {});",
  symbols: "const list = []; for (;;) list.push(Symbol());",
  keys: 'const object = {}; for (let n = 0; ; n++) object["k" + n] = n;',
};

/** What QuickJS cannot be made to stop. */
const deaf = { indexOf: "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);" };

/** From the attack until the other route answers, ms. */
const mostDowntime = 1000;
const tooSlow = tooSlowToRestart();

const attacker = `import { definePlugin } from "sluice/sdk";
const attacks = { ${Object.entries({ ...attacks, ...floods, ...deaf })
  .map(([name, code]) => `"/${name}"() { ${code} }`)
  .join(", ")} };
export default definePlugin({
  onRequest(request) {
    attacks[new URL(request.url).pathname]?.();
    return new Response("harmless");
  },
});
`;

async function startUnderAttack(
  t: Test,
  engine: string,
  { onFailure = "closed", workers = 1, cpu = "50ms" } = {},
) {
  const service = createServer((_request, response) => void response.end("served"));
  const upstream = await listenLocally(service);
  t.teardown(() => service.close().closeAllConnections());
  const root = mkdtempSync(join(tmpdir(), "sluice-wedge-"));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const [port, admin] = [await freePort(), await freePort()];
  writeFileSync(join(root, "attacker.ts"), attacker);
  writeFileSync(
    join(root, "sluice.yaml"),
    `listeners: [{ address: "127.0.0.1:${port}" }]
admin: { address: "127.0.0.1:${admin}" }
accessLog: false
workers: ${workers}
clusters: { app: { endpoints: ["http://127.0.0.1:${upstream}"] } }
routes:
  - { name: other, cluster: app, path: /other, policies: [] }
  - { name: attacked, cluster: app }
plugins: { directory: ${root}, settings: { attacker: { engine: ${engine}, onFailure: ${onFailure}, limits: { cpu: ${cpu} } } } }
`,
  );
  const sluice = startProgram(process.execPath, ["core/cli/main.ts", "--config", join(root, "sluice.yaml")]);
  t.teardown(() => sluice[Symbol.asyncDispose]());
  await sluice.said(/Sluice is listening/);
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: "close" } });
    return `${response.status} ${await response.text()}`;
  };
  const plugin = async () => {
    const page = await (await fetch(`http://127.0.0.1:${admin}/plugins`)).json();
    return (page as { plugins: Record<string, unknown>[] }).plugins[0];
  };
  return { ask, plugin, sluice, root };
}

t.test("a plugin that V8 cannot stop costs other routes less than a second", { skip: noProc }, async (t) => {
  const { ask, plugin, sluice, root } = await startUnderAttack(t, "isolated-vm");
  t.equal(await ask("/"), "200 harmless");
  // The third one puts it out of service.
  for (const name of ["grow", "fill", "split"]) {
    const start = performance.now();
    const attacked = ask(`/${name}`);
    await t.rejects(attacked, `${name}: its own request is lost`);
    t.equal(await ask("/other"), "200 served");
    const downtime = performance.now() - start;
    t.ok(downtime < mostDowntime, `${name}: others are served after ${Math.round(downtime)} ms`, {
      skip: tooSlow,
    });
  }

  t.match(sluice.output, /"plugin":"attacker"[^\n]*Data process ended/, "the log names it");
  t.match(sluice.output, /"plugin":"attacker"[^\n]*Plugin quarantined/);
  t.match(await plugin(), { name: "attacker", state: "quarantined", processesEnded: 3 });
  t.match(await ask("/"), /^503 .*"plugin_quarantined"/, "it is not run any more");
  t.equal(await ask("/other"), "200 served");

  writeFileSync(join(root, "attacker.ts"), attacker.replaceAll("harmless", "changed"));
  await sluice.said(/Plugins reloaded/);
  t.equal(await ask("/"), "200 changed", "until its file changes");
});

t.test("a loop that V8 cannot stop costs other routes less than a second", { skip: noProc }, async (t) => {
  const { ask, sluice } = await startUnderAttack(t, "isolated-vm");
  t.equal(await ask("/"), "200 harmless");
  const start = performance.now();
  await t.rejects(ask("/refill"));
  t.equal(await ask("/other"), "200 served");
  const downtime = performance.now() - start;
  t.ok(downtime < mostDowntime, `others are served after ${Math.round(downtime)} ms`, { skip: tooSlow });
  t.match(sluice.output, /"plugin":"attacker"[^\n]*Data process ended/);
});

t.test("a flood of small parts is over with its time", { skip: noProc }, async (t) => {
  const { ask, plugin, sluice } = await startUnderAttack(t, "isolated-vm");
  t.equal(await ask("/"), "200 harmless");
  for (const [count, name] of Object.keys(floods).entries()) {
    const start = performance.now();
    t.match(await ask(`/${name}`), /^500 .*"plugin_failed"/, name);
    t.equal(await ask("/other"), "200 served");
    const downtime = performance.now() - start;
    t.ok(downtime < mostDowntime, `${name}: others are served after ${Math.round(downtime)} ms`, {
      skip: tooSlow,
    });
    t.match(await plugin(), { faultsTotal: { cpu: count + 1 }, processesEnded: 0 }, "it is counted");
  }
  t.notMatch(sluice.output, /Data process ended/);
});

for (const name of Object.keys(floods)) {
  t.test(`a flood of ${name} that fills its memory is a fault, or a restart`, { skip: noProc }, async (t) => {
    const { ask, plugin, sluice } = await startUnderAttack(t, "isolated-vm", { cpu: "3s" });
    t.equal(await ask("/"), "200 harmless");
    const attacked = await ask(`/${name}`).catch(() => null);
    const end = performance.now();
    t.equal(await ask("/other"), "200 served");
    const downtime = performance.now() - end;
    t.ok(downtime < mostDowntime, `others are served after ${Math.round(downtime)} ms`, { skip: tooSlow });
    if (attacked === null) {
      t.match(sluice.output, /"plugin":"attacker"[^\n]*Data process ended/, "the log names it");
      t.match(await plugin(), { name: "attacker", processesEnded: 1 });
    } else {
      t.match(attacked, /^500 .*"plugin_failed"/);
      t.match(await plugin(), { faultsTotal: { memory: 1 }, processesEnded: 0 });
    }
  });
}

t.test("policies of a quarantined plugin that may fail are skipped", { skip: noProc }, async (t) => {
  const { ask, sluice } = await startUnderAttack(t, "isolated-vm", { onFailure: "open" });
  for (let count = 0; count < 3; count++) await ask("/split").catch(() => {});
  await sluice.said(/Plugin quarantined/);
  t.equal(await ask("/"), "200 served");
});

t.test("a loop that QuickJS cannot stop costs others less than a second", { skip: noProc }, async (t) => {
  const { ask, plugin, sluice } = await startUnderAttack(t, "quickjs");
  t.equal(await ask("/"), "200 harmless");
  const start = performance.now();
  await t.rejects(ask("/indexOf"));
  t.equal(await ask("/other"), "200 served");
  const downtime = performance.now() - start;
  t.ok(downtime < mostDowntime, `others are served after ${Math.round(downtime)} ms`, { skip: tooSlow });
  t.match(sluice.output, /"plugin":"attacker"[^\n]*Data process ended/, "the log names it");
  t.match(await plugin(), { name: "attacker", processesEnded: 1 });
});

t.test("QuickJS contains the same without a restart", async (t) => {
  const { ask, plugin, sluice } = await startUnderAttack(t, "quickjs");
  for (const name of Object.keys(attacks)) {
    t.match(await ask(`/${name}`), /^500 .*"plugin_failed"/, name);
    t.equal(await ask("/other"), "200 served");
  }
  t.match(await plugin(), { state: "ready", processesEnded: 0 });
  t.notMatch(sluice.output, /Data process ended/);
});

t.test(
  "code that ends the process while it is loaded is refused, and the old one serves",
  { skip: noProc },
  async (t) => {
    const { ask, sluice, root } = await startUnderAttack(t, "isolated-vm");
    writeFileSync(join(root, "attacker.ts"), `${attacks.split}\n${attacker}`);
    await sluice.said(/Cannot load the plugin attacker: it ended the data process[^\n]*Plugins refused/);
    t.equal(await ask("/"), "200 harmless");
    t.notMatch(sluice.output, /Plugin quarantined/, "the code in force is not to blame");
  },
);

t.test(
  "code that does not come back while it is loaded is named, although another process stands by",
  { skip: noProc },
  async (t) => {
    const { ask, sluice, root } = await startUnderAttack(t, "isolated-vm");
    const stuck = "Array.prototype.indexOf.call({ length: 1e12 }, 1);";
    writeFileSync(join(root, "attacker.ts"), `${stuck}\n${attacker}`);
    await sluice.said(/Cannot load the plugin attacker: it ended the data process[^\n]*Plugins refused/);
    t.equal(await ask("/"), "200 harmless");
  },
);

t.test(
  "new code that ends the process while on probation is taken back at once",
  { skip: noProc },
  async (t) => {
    const { ask, sluice, root } = await startUnderAttack(t, "isolated-vm");
    writeFileSync(join(root, "attacker.ts"), attacker.replaceAll("harmless", "changed"));
    await sluice.said(/Plugins reloaded/);
    t.equal(await ask("/"), "200 changed");
    await t.rejects(ask("/split"));
    await sluice.said(/plugin attacker ended the data process[^\n]*Plugins rolled back/);
    t.equal(await ask("/"), "200 harmless");
  },
);

t.test("one reactor of two that does not come out of a guest is enough", { skip: noProc }, async (t) => {
  const { ask, sluice } = await startUnderAttack(t, "isolated-vm", { workers: 2 });
  t.equal(await ask("/"), "200 harmless");
  await t.rejects(ask("/fill"));
  t.equal(await ask("/other"), "200 served");
  t.match(sluice.output, /"plugin":"attacker"[^\n]*Data process ended/);
});
