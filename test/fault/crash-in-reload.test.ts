/** The data process ends while plugins are loaded, by no doing of theirs, and by their doing. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import t, { type Test } from "tap";
import { until } from "../net/until.ts";
import { dataProcessOf } from "../support/child-processes.ts";
import { noProc, startSluice } from "./sluice-process.ts";

/** Answers every request, and takes a while to load. */
const plugin = (version: string, loadMs: number) => `import { definePlugin } from "sluice/sdk";
const end = Date.now() + ${loadMs};
while (Date.now() < end);
export default definePlugin({ onRequest() { return new Response("${version}"); } });
`;

async function start(t: Test, loadMs: number) {
  const root = mkdtempSync(join(tmpdir(), "sluice-crash-"));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const file = join(root, "a.ts");
  const save = (text: string) => {
    writeFileSync(`${file}~`, text);
    renameSync(`${file}~`, file);
  };
  save(plugin("0", loadMs));
  const config = join(root, "sluice.yaml");
  writeFileSync(
    config,
    `clusters: { app: { endpoints: ["http://127.0.0.1:1"] } }
routes: [{ cluster: app }]
plugins: { directory: ., settings: { a: { limits: { cpu: 5s } } } }
`,
  );
  const sluice = await startSluice("--config", config);
  t.teardown(() => sluice[Symbol.asyncDispose]());
  const url = `http://127.0.0.1:${sluice.port}`;
  const ask = async (): Promise<string> => {
    try {
      return await (await fetch(url, { headers: { connection: "close" } })).text();
    } catch {
      // On Deno nobody listens until the next process serves. The test's time limit bounds it.
      await delay(50);
      return ask();
    }
  };
  return { save, ask, sluice, program: sluice.program };
}

/** Ends the data process as the kernel does for want of memory. Waits for one that has not been ended yet. */
async function killNext(control: number, last: number | null = null): Promise<number> {
  await until(() => ![null, last].includes(dataProcessOf(control)));
  const pid = dataProcessOf(control)!;
  process.kill(pid, "SIGKILL");
  return pid;
}

/** How often the log has said it. */
const count = (output: string, text: string) => output.split(text).length - 1;

t.test(
  "what is saved when the data process is killed is in force when it serves again",
  { skip: noProc },
  async (t) => {
    const { save, ask, program } = await start(t, 150);
    for (const [index, wait] of [30, 90, 150, 250].entries()) {
      save(plugin(`${index + 1}`, 150));
      await delay(wait);
      await killNext(program.pid);
      await until(() => count(program.output, "Plugins reloaded") > index);
      t.equal(await ask(), `${index + 1}`, `killed ${wait} ms after it was saved`);
      await until(() => count(program.output, "Data process serves again") > index);
      // Crashes within a few seconds put the restart off.
      if (index % 2 === 1) await delay(1000);
    }
    t.notMatch(program.output, /Cannot load|quarantined|Plugins refused/);
  },
);

t.test(
  "code during whose load the process is killed each time is refused by its name",
  { skip: noProc },
  async (t) => {
    const { save, ask, program } = await start(t, 0);
    save(plugin("1", 800));
    // It is found and compiled.
    await delay(300);
    for (let kills = 0; kills < 2; kills++) {
      await until(() => count(program.output, "serves again") === kills);
      await delay(300);
      await killNext(program.pid);
    }
    await program.said(/Plugins refused/);
    t.match(program.output, /Cannot load the plugin a: it ended the data process[^\n]*Plugins refused/);
    t.equal(await ask(), "0");
  },
);

t.test("a plugin is not out of service because one restart was killed, too", { skip: noProc }, async (t) => {
  const { ask, program } = await start(t, 400);
  const first = await killNext(program.pid);
  // It boots, and loads the plugin.
  await until(() => ![null, first].includes(dataProcessOf(program.pid)));
  await delay(450);
  await killNext(program.pid, first);
  t.equal(await ask(), "0");
  t.equal(count(program.output, "Cannot start the data process"), 1, "it was killed while it started");
  t.notMatch(program.output, /quarantined/);
});

t.test(
  "broken code is refused while the data process is killed again and again",
  { skip: noProc },
  async (t) => {
    const { save, ask, program } = await start(t, 100);
    for (const wait of [0, 100]) {
      const refusals = count(program.output, "Plugins refused");
      const first = await killNext(program.pid);
      await delay(wait);
      save(`throw new Error("broken ${wait}");`);
      await killNext(program.pid, first);
      await until(() => count(program.output, "Plugins refused") > refusals);
      t.equal(await ask(), "0", `saved after ${wait} ms`);
      await delay(2000);
    }
    t.notMatch(program.output, /quarantined|Plugins reloaded/);
  },
);
