import { execFileSync } from "node:child_process";
import { existsSync, renameSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import type { PluginGenerations } from "../../core/control/plugins/generations.ts";
import { watchForReload } from "../../core/control/reload-triggers.ts";
import type { Reloader } from "../../core/control/reloader.ts";
import { recordingLog } from "../net/recording-log.ts";
import { until } from "../net/until.ts";
import { folderWith } from "../reload/folder.ts";

/** Counts the reloads that are asked for, and does none. */
class Watching {
  requests = 0;

  constructor(t: Test, file: string, directory: string | null = null) {
    const triggers = watchForReload({
      file,
      generations: { directory, listen() {} } as unknown as PluginGenerations,
      reloader: { request: async () => this.requests++ } as unknown as Reloader,
      log: recordingLog(),
    });
    t.teardown(() => triggers.close());
  }

  /** What is written by this process is younger than it, so that each start is one with a change. */
  async first(): Promise<void> {
    await until(() => this.requests > 0);
    await sleep(300);
    this.requests = 0;
  }
}

t.test("a pipe that is named beside the config is not read", async (t) => {
  const folder = folderWith(t, { "sluice.yaml": "1" });
  execFileSync("mkfifo", [join(folder, "pipe")]);
  const watching = new Watching(t, join(folder, "sluice.yaml"));
  await watching.first();
  writeFileSync(join(folder, "sluice.yaml"), `# \${file:pipe}`);
  await until(() => watching.requests > 0);
  writeFileSync(join(folder, "sluice.yaml"), "2");
  await until(() => watching.requests > 1);
  t.pass();
});

t.test("a config that is a pipe is read once, by the start", async (t) => {
  const folder = folderWith(t, {});
  execFileSync("mkfifo", [join(folder, "pipe")]);
  const watching = new Watching(t, join(folder, "pipe"));
  await sleep(300);
  t.equal(watching.requests, 0);
});

t.test("a config that becomes too large is told as one that changed", async (t) => {
  const folder = folderWith(t, { "sluice.yaml": "1" });
  const watching = new Watching(t, join(folder, "sluice.yaml"));
  await watching.first();
  writeFileSync(join(folder, "sluice.yaml"), "#".repeat(5 * 1024 * 1024));
  await until(() => watching.requests > 0);
  t.pass();
});

t.test("what is put in place during the start counts, however old its text is", async (t) => {
  const folder = folderWith(t, { "sluice.yaml": "1", "next.yaml": "2" });
  const long = new Date(Date.now() - 3_600_000);
  utimesSync(join(folder, "next.yaml"), long, long);
  renameSync(join(folder, "next.yaml"), join(folder, "sluice.yaml"));
  const watching = new Watching(t, join(folder, "sluice.yaml"));
  await until(() => watching.requests > 0);
  t.pass();
});

t.test("a link that is set during the start counts, however old its file is", async (t) => {
  const folder = folderWith(t, {});
  // Older than this process, and nobody changes it.
  symlinkSync("/bin/sh", join(folder, "sluice.yaml"));
  const watching = new Watching(t, join(folder, "sluice.yaml"));
  await until(() => watching.requests > 0);
  t.pass();
});

for (const [title, lock] of [
  ["config", "conf/.git/index.lock"],
  ["plugins", "code/.git/index.lock"],
] as const) {
  t.test(`a config that changes while git is at work around the ${title} waits for it`, async (t) => {
    const folder = folderWith(t, { "conf/sluice.yaml": "1", "code/plugins/a.ts": "1" });
    execFileSync("mkdir", [join(folder, lock, "..")]);
    symlinkSync("code/plugins", join(folder, "plugins"));
    const watching = new Watching(t, join(folder, "conf/sluice.yaml"), join(folder, "plugins"));
    await watching.first();
    writeFileSync(join(folder, lock), "");
    writeFileSync(join(folder, "conf/sluice.yaml"), "2");
    await sleep(600);
    t.ok(existsSync(join(folder, lock)));
    t.equal(watching.requests, 0);
    unlinkSync(join(folder, lock));
    await until(() => watching.requests === 1);
  });
}

t.test("a lock that git left behind does not hold up a config for good", async (t) => {
  const folder = folderWith(t, { "sluice.yaml": "1", ".git/index.lock": "" });
  const watching = new Watching(t, join(folder, "sluice.yaml"));
  await until(() => watching.requests > 0);
  t.ok(existsSync(join(folder, ".git/index.lock")));
});
