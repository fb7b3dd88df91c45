import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import { noProc } from "../fault/sluice-process.ts";
import { until } from "../net/until.ts";
import { answering, PluginFolder } from "./plugin-folder.ts";
import { type RunningSluice, startSluice } from "./running-sluice.ts";

const refused = "Plugins refused, the old ones stay";
const rolledBack = "Plugins rolled back: the generation before is in force until files change";

/** A plugin that fails for every request, and differs from others of its kind. */
function failing(version: string): string {
  return `import { definePlugin } from "sluice/sdk";
export default definePlugin({ onRequest() { throw new Error("${version}"); } });\n`;
}

interface PluginsPage {
  readonly generation: { readonly number: number; readonly onProbation: boolean };
  readonly lastReload: { readonly result: string; readonly problems: readonly { problem: string }[] } | null;
  readonly plugins: readonly object[];
}

function start(t: Test, { plugins, state }: PluginFolder): RunningSluice {
  const flags = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--no-access-log", "--state", state];
  return startSluice(t, "--upstream", "http://127.0.0.1:1", "--plugins", plugins, ...flags);
}

/** A proxy whose plugin `10-a.ts` has answered 20 requests. */
async function startGood(t: Test, good = answering("good")) {
  const folder = new PluginFolder(t, { "10-a.ts": good });
  const sluice = start(t, folder);
  const url = await sluice.url();
  const ask = async (requests: number, path = "/") => {
    for (let i = 0; i < requests; i++) await textOf(`${url}${path}`);
  };
  await ask(20);
  return {
    folder,
    sluice,
    ask,
    text: () => textOf(url),
    page: async () => (await fetch(`${await sluice.adminUrl()}/plugins`)).json() as Promise<PluginsPage>,
    save: (text: string, expected = "Plugins reloaded") => savePlugin(sluice, folder, text, expected),
  };
}

async function textOf(url: string): Promise<string> {
  return (await fetch(url)).text();
}

/** Returns the line that says what became of it. */
function savePlugin(sluice: RunningSluice, folder: PluginFolder, text: string, expected: string) {
  const from = sluice.lines.length;
  folder.save("10-a.ts", text);
  return sluice.line(expected, from);
}

t.test("a rollback goes past what was saved meanwhile, to what has stood its test", async (t) => {
  const { sluice, ask, text, page, save } = await startGood(t);
  for (const version of ["first", "second", "third"]) {
    await save(failing(version));
    // Too few to be judged by, and all of them faults.
    await ask(4);
  }
  await ask(4);
  t.match(await sluice.line(rolledBack), { problem: /, before it 0 in 20$/, from: 4, to: 1 });
  t.equal(await text(), "good");
  t.match(await page(), { generation: { number: 1, onProbation: false } });
});

t.test("what has stood its test is on no probation when it comes back", async (t) => {
  const { ask, text, page, save } = await startGood(t);
  await save(failing("first"));
  t.match(await page(), { generation: { onProbation: true } });
  await save(answering("good"));
  t.match(await page(), { generation: { onProbation: false } });
  await ask(5);
  await save(answering("other"));
  t.match(await page(), { generation: { onProbation: true } }, "others are");
  t.equal(await text(), "other");
});

t.test(
  "plugins are measured by those before also when the data process was started again",
  {
    skip: noProc,
  },
  async (t) => {
    const good = `import { definePlugin } from "sluice/sdk";
export default definePlugin({
  onRequest(request) {
    if (request.url.endsWith("/fails")) throw new Error("sometimes");
    return new Response("good");
  },
});\n`;
    const { sluice, ask, text, save } = await startGood(t, good);
    await save(answering("other"));
    await save(good);
    process.kill(sluice.dataPid(), "SIGKILL");
    await sluice.line("Data process serves again");
    await ask(9);
    await ask(1, "/fails");
    await save(failing("worse"));
    await ask(8);
    t.match(await sluice.line(rolledBack), { problem: /, before it 1 in 10$/ });
    t.equal(await text(), "good");
  },
);

t.test(
  "plugins that were rolled back are refused whenever they are saved again, and it is told",
  async (t) => {
    const { sluice, ask, text, page, save } = await startGood(t);
    const again = {
      problem:
        /^Cannot use plugins that were rolled back: plugin a had \d+ faults in \d+ requests, before it 0 in 20$/,
    };
    await save(failing("worse"));
    await ask(8);
    await sluice.line(rolledBack);
    await save(answering("good"));
    t.match(
      await page(),
      { lastReload: { result: "applied", problems: [] } },
      "what is in force is in the folder",
    );
    t.match(await save(failing("worse"), refused), again);
    t.match(await page(), { lastReload: { result: "refused", problems: [again] } });
    t.match(await save("broken(", refused), { problem: /10-a\.ts:1/ });
    t.match(await save(failing("worse"), refused), again, "the broken one is no longer there");
    t.match(await page(), { lastReload: { result: "refused", problems: [again] } });
    t.equal(await text(), "good");
    t.match(await textOf(`${await sluice.adminUrl()}/metrics`), 'sluice_reloads_total{result="refused"} 3\n');
  },
);

t.test("what was rolled back stays so over a restart, until its files change", async (t) => {
  const { folder, sluice, ask, save } = await startGood(t);
  await save(failing("worse"));
  await ask(8);
  await sluice.line(rolledBack);
  await stop(sluice);

  const next = start(t, folder);
  t.equal(await textOf(await next.url()), "good");
  t.match(await next.line("Plugins refused"), {
    problem: /^Cannot use plugins that were rolled back: .*; change them, or start with another --state$/,
  });
  t.match(await savePlugin(next, folder, failing("worse"), refused), {
    problem: /^Cannot use plugins that were rolled back: [^;]*$/,
  });
  await savePlugin(next, folder, answering("better"), "Plugins reloaded");
  t.equal(await textOf(await next.url()), "better");
  await stop(next);

  folder.save("10-a.ts", failing("worse"));
  const last = start(t, folder);
  t.match(await textOf(await last.url()), /plugin/i, "other plugins have stood since");
  t.notOk(last.lines.some(({ msg }) => msg === "Plugins refused"));
  await stop(last);
});

/** Loads well until that time, in ms since 1970, and then ends the process; its own request ends the guest. */
function timeBomb(from: number): string {
  return `if (Date.now() > ${from}) new Array(1e9).fill(0);
export default { onRequest() { for (;;); } };\n`;
}

t.test(
  "a plugin that ends the process when its guest is made anew is found out",
  { skip: noProc },
  async (t) => {
    const { sluice, text, page, save } = await startGood(t);
    const from = Date.now() + 4000;
    await save(timeBomb(from));
    t.ok(Date.now() < from, "it was loaded in time");
    await until(() => Date.now() > from);
    await text().catch(() => {});
    t.match(await sluice.line("Data process ended, starting another"), { plugin: "a" });
    t.match(await sluice.line(rolledBack), { problem: "plugin a ended the data process", from: 2, to: 1 });
    t.equal(await text(), "good");
    t.match(await page(), { plugins: [{ name: "a", processesEnded: 1 }] });
  },
);

t.test(
  "code that was replaced and ends the process takes its repair not with it",
  { skip: noProc },
  async (t) => {
    const broken = `export default { onRequest(request, ctx) {
  if (request.url.endsWith("/later")) ctx.waitUntil(new Promise((done) => setTimeout(done, 3000)).then(() => new Array(1e9).fill(0)));
  return new Response("broken");
} };\n`;
    const { sluice, ask, text, page, save } = await startGood(t, broken);
    await ask(1, "/later");
    await save(answering("repaired"));
    t.equal(await text(), "repaired");
    t.match(await sluice.line("Data process ended, starting another"), { plugin: "a" });
    await sluice.line("Data process serves again");
    await sleep(500);
    t.equal(await text(), "repaired");
    t.match(await page(), { generation: { number: 2 }, plugins: [{ name: "a", processesEnded: 1 }] });
    t.notOk(sluice.lines.find(({ msg }) => msg === rolledBack));
  },
);

async function stop(sluice: RunningSluice): Promise<void> {
  sluice.signal("SIGTERM");
  await sluice.exitCode();
}
