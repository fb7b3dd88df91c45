import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import { type PluginWatch, watchPlugins } from "../../core/reload/plugin-watch.ts";
import { until } from "../net/until.ts";
import { folderWith, put } from "./folder.ts";

/** Longer than a burst is waited for, ms. */
const calm = 100;

class Watching {
  calls = 0;
  readonly failures: unknown[] = [];
  readonly watch: PluginWatch;

  constructor(directory: string) {
    this.watch = watchPlugins({
      directory,
      changed: () => this.calls++,
      failed: (error) => this.failures.push(error),
    });
  }

  /** Waits for the call that something causes, and makes sure that it is the only one. */
  async once(t: Test, title: string, cause: () => void): Promise<void> {
    await sleep(calm);
    const before = this.calls;
    cause();
    await until(() => this.calls > before);
    await sleep(calm);
    t.equal(this.calls - before, 1, title);
  }
}

/** Watches the folder `plugins` in a new folder. */
function watching(t: Test, files: Record<string, string>, inputs: readonly string[] = []) {
  const folder = folderWith(t, files);
  const plugins = join(folder, "plugins");
  const watched = new Watching(plugins);
  watched.watch.update(inputs.map((file) => join(folder, file)));
  t.teardown(() => watched.watch.close());
  return { folder, plugins, watched };
}

t.test("a file that is added, changed, replaced, renamed or removed is one call each", async (t) => {
  const { plugins, watched } = watching(t, { "plugins/a.ts": "1" });
  const file = join(plugins, "a.ts");
  await watched.once(t, "changed", () => writeFileSync(file, "2"));
  await watched.once(t, "added", () => writeFileSync(join(plugins, "b.ts"), "1"));
  await watched.once(t, "written beside and renamed onto it, as editors do", () => {
    writeFileSync(join(plugins, ".a.ts.tmp"), "3");
    renameSync(join(plugins, ".a.ts.tmp"), file);
  });
  await watched.once(t, "changed after it was replaced", () => writeFileSync(file, "4"));
  await watched.once(t, "moved away and written anew, as vim does", () => {
    renameSync(file, `${file}~`);
    writeFileSync(file, "5");
    unlinkSync(`${file}~`);
  });
  await watched.once(t, "renamed", () => renameSync(join(plugins, "b.ts"), join(plugins, "c.ts")));
  await watched.once(t, "removed", () => unlinkSync(file));
  t.same(watched.failures, []);
});

t.test("what editors keep beside a file is nothing", async (t) => {
  const { plugins, watched } = watching(t, { "plugins/a.ts": "1" });
  await sleep(calm);
  const before = watched.calls;
  for (const name of [".a.ts.swp", "a.ts~", "#a.ts#", ".#a.ts"]) writeFileSync(join(plugins, name), "");
  await sleep(calm);
  t.equal(watched.calls, before);
});

t.test("two hundred files at once are a call each 30 ms at most, not two hundred", async (t) => {
  const { plugins, watched } = watching(t, { "plugins/a.ts": "1" });
  await sleep(calm);
  const before = watched.calls;
  const start = performance.now();
  for (let count = 0; count < 200; count++) {
    writeFileSync(join(plugins, `p${count}.ts`), "1");
    if (count % 20 === 0) await sleep(1);
  }
  await until(() => watched.calls > before);
  await sleep(calm);
  const most = 1 + Math.ceil((performance.now() - start) / 30);
  t.ok(watched.calls - before <= most, `${watched.calls - before} calls of ${most}`);
});

t.test("what git moves is looked at when it has been written, too", async (t) => {
  const files = Object.fromEntries(Array.from({ length: 1500 }, (_, i) => [`src/${i}.txt`, `${i}`]));
  const { folder, plugins } = watching(t, { ...files, "plugins/10-auth.ts": "1", "plugins/50-log.ts": "1" });
  const git = (...args: string[]) => execFileSync("git", ["-C", folder, ...args], { stdio: "ignore" });
  git("init", "-b", "main");
  git("config", "user.email", "test@localhost");
  git("config", "user.name", "test");
  const commit = () => {
    git("add", "-A");
    git("commit", "-m", "text");
  };
  commit();
  git("checkout", "-b", "other");
  renameSync(join(plugins, "10-auth.ts"), join(plugins, "20-auth.ts"));
  for (const name of Object.keys(files)) writeFileSync(join(folder, name), "other");
  commit();
  const seen: string[][] = [];
  const watch = watchPlugins({
    directory: plugins,
    changed: () => seen.push(readdirSync(plugins)),
    failed: (error) => t.fail(String(error)),
  });
  t.teardown(() => watch.close());
  await sleep(calm);
  for (const branch of ["main", "other", "main", "other"]) {
    const before = seen.length;
    const checkout = spawn("git", ["-C", folder, "checkout", branch], { stdio: "ignore" });
    await once(checkout, "exit");
    await until(() => seen.length > before);
    await sleep(calm);
  }
  t.same(
    seen.filter((names) => names.length !== 2),
    [],
  );
});

t.test("a lock that git left behind holds nothing up for good", async (t) => {
  const { folder, plugins, watched } = watching(t, { "plugins/a.ts": "1", ".git/index.lock": "" });
  await sleep(calm);
  const before = watched.calls;
  writeFileSync(join(plugins, "a.ts"), "2");
  await sleep(calm);
  t.equal(watched.calls, before);
  await until(() => watched.calls > before);
  await watched.once(t, "the next one", () => writeFileSync(join(plugins, "a.ts"), "3"));
  t.ok(existsSync(join(folder, ".git/index.lock")));
});

t.test(
  "the checkout after one whose lock was left behind is waited for, also where nothing tells that the lock went",
  async (t) => {
    const { folder, plugins, watched } = watching(t, { "plugins/a.ts": "1", ".git/index.lock": "" });
    const lock = join(folder, ".git/index.lock");
    await sleep(calm);
    let before = watched.calls;
    writeFileSync(join(plugins, "a.ts"), "2");
    await until(() => watched.calls > before);
    unlinkSync(lock);
    // The next lock is no longer the same file, also where inodes are used again at once.
    await sleep(calm);
    writeFileSync(lock, "");
    before = watched.calls;
    writeFileSync(join(plugins, "a.ts"), "3");
    await sleep(2 * calm);
    t.equal(watched.calls, before);
    unlinkSync(lock);
    await until(() => watched.calls > before);
  },
);

t.test("git is waited for behind a link to the folder, too", async (t) => {
  const folder = folderWith(t, { "repo/plugins/a.ts": "1", "repo/.git/index.lock": "" });
  symlinkSync("repo/plugins", join(folder, "link"));
  const watched = new Watching(join(folder, "link"));
  t.teardown(() => watched.watch.close());
  await sleep(calm);
  const before = watched.calls;
  writeFileSync(join(folder, "repo/plugins/a.ts"), "2");
  await sleep(2 * calm);
  t.equal(watched.calls, before);
  unlinkSync(join(folder, "repo/.git/index.lock"));
  await until(() => watched.calls > before);
});

t.test("a file with a leading dot counts once a plugin imports it", async (t) => {
  const files = { "plugins/a.ts": "1", "plugins/.rules.json": "1" };
  const { plugins, watched } = watching(t, files, Object.keys(files));
  await watched.once(t, "changed", () => writeFileSync(join(plugins, ".rules.json"), "2"));
});

t.test(
  "a folder above that may be entered and not listed is no failure, and a new folder of plugins is found",
  async (t) => {
    const folder = folderWith(t, { "plugins/a.ts": "1", "next/a.ts": "2" });
    const plugins = join(folder, "plugins");
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) {
      for (const path of ["", "plugins", "plugins/a.ts", "next", "next/a.ts"]) {
        chownSync(join(folder, path), 65534, 65534);
      }
      // Whom modes do not hold back.
      process.seteuid!(65534);
    }
    chmodSync(folder, 0o311);
    t.teardown(() => {
      if (isRoot) process.seteuid!(0);
      chmodSync(folder, 0o755);
    });
    const watched = new Watching(plugins);
    t.teardown(() => watched.watch.close());
    watched.watch.update([join(plugins, "a.ts")]);
    await watched.once(t, "changed", () => writeFileSync(join(plugins, "a.ts"), "2"));
    await watched.once(t, "swapped", () => {
      renameSync(plugins, join(folder, "old"));
      renameSync(join(folder, "next"), plugins);
    });
    await watched.once(t, "changed then", () => writeFileSync(join(plugins, "a.ts"), "3"));
    t.same(watched.failures, []);
  },
);

t.test("a folder of its own is a plugin as soon as its index is there", async (t) => {
  const { plugins, watched } = watching(t, { "plugins/a.ts": "1" });
  await watched.once(t, "folder", () => put(join(plugins, "auth", "notes.md"), ""));
  await watched.once(t, "index", () => writeFileSync(join(plugins, "auth", "index.ts"), "1"));
  await watched.once(t, "changed", () => writeFileSync(join(plugins, "auth", "index.ts"), "2"));
});

t.test("modules outside of the folder are watched once they are known, packages are not", async (t) => {
  const files = { "plugins/a.ts": "1", "lib/x.ts": "1", "node_modules/p/index.js": "1" };
  const { folder, watched } = watching(t, files, ["plugins/a.ts", "lib/x.ts", "node_modules/p/index.js"]);
  await watched.once(t, "module", () => writeFileSync(join(folder, "lib", "x.ts"), "2"));
  const before = watched.calls;
  writeFileSync(join(folder, "node_modules", "p", "index.js"), "2");
  await sleep(calm);
  t.equal(watched.calls, before);

  watched.watch.update([join(folder, "plugins/a.ts")]);
  writeFileSync(join(folder, "lib", "x.ts"), "3");
  await sleep(calm);
  t.equal(watched.calls, before, "and no more when no plugin imports them");
});

t.test("new folders mean one more look: they may have changed before they were watched", async (t) => {
  const { folder, watched } = watching(t, { "plugins/a.ts": "1", "lib/x.ts": "1" });
  const inputs = [join(folder, "plugins/a.ts"), join(folder, "lib/x.ts")];
  await watched.once(t, "new", () => watched.watch.update(inputs));
  const before = watched.calls;
  watched.watch.update(inputs);
  await sleep(calm);
  t.equal(watched.calls, before, "the same ones are no news");
});

t.test("a module that a plugin misses is seen when it comes, folder and all", async (t) => {
  const { folder, watched } = watching(t, { "plugins/a.ts": "1" }, ["plugins/a.ts", "lib/deep/x.ts"]);
  await watched.once(t, "came", () => put(join(folder, "lib/deep/x.ts"), "1"));
  await watched.once(t, "changed", () => writeFileSync(join(folder, "lib/deep/x.ts"), "2"));
});

t.test("Kubernetes swaps the link ..data, and no file has an event of its own", async (t) => {
  const { plugins, watched } = watching(t, { "plugins/..1/a.ts": "1" });
  symlinkSync("..1", join(plugins, "..data"));
  symlinkSync("..data/a.ts", join(plugins, "a.ts"));
  watched.watch.update([join(plugins, "..1/a.ts")]);
  for (const [version, last] of [
    ["..2", "..1"],
    ["..3", "..2"],
  ] as const) {
    await watched.once(t, `swapped to ${version}`, () => {
      put(join(plugins, version, "a.ts"), version);
      symlinkSync(version, join(plugins, "..data_tmp"));
      renameSync(join(plugins, "..data_tmp"), join(plugins, "..data"));
      rmSync(join(plugins, last), { recursive: true });
    });
    watched.watch.update([join(plugins, version, "a.ts")]);
  }
});

t.test("the folder may be removed and made again, more than once", async (t) => {
  const { plugins, watched } = watching(t, { "plugins/a.ts": "1" }, ["plugins/a.ts"]);
  for (const round of [1, 2]) {
    await watched.once(t, `removed ${round}`, () => rmSync(plugins, { recursive: true }));
    await watched.once(t, `made ${round}`, () => put(join(plugins, "a.ts"), "1"));
    await watched.once(t, `changed ${round}`, () => writeFileSync(join(plugins, "a.ts"), "2"));
    await watched.once(t, `removed and made at once ${round}`, () => {
      rmSync(plugins, { recursive: true });
      put(join(plugins, "a.ts"), "3");
    });
    await watched.once(t, `changed then ${round}`, () => writeFileSync(join(plugins, "a.ts"), "4"));
  }
});

t.test("a folder that another one replaces under its name is seen, and the other is watched", async (t) => {
  const { folder, plugins, watched } = watching(t, { "plugins/a.ts": "1", "next/a.ts": "2" });
  await watched.once(t, "swapped", () => {
    renameSync(plugins, join(folder, "old"));
    renameSync(join(folder, "next"), plugins);
  });
  await watched.once(t, "changed", () => writeFileSync(join(plugins, "a.ts"), "3"));
});

t.test("a link on the way to the folder may lead to another release", async (t) => {
  const folder = folderWith(t, { "r1/plugins/a.ts": "1", "r2/plugins/a.ts": "2" });
  symlinkSync("r1", join(folder, "current"));
  const watched = new Watching(join(folder, "current", "plugins"));
  t.teardown(() => watched.watch.close());
  await watched.once(t, "deployed", () => {
    symlinkSync("r2", join(folder, "current.tmp"));
    renameSync(join(folder, "current.tmp"), join(folder, "current"));
  });
  await watched.once(t, "changed", () => writeFileSync(join(folder, "r2/plugins/a.ts"), "3"));
});

t.test("a link on the way to a module may lead to another release", async (t) => {
  const folder = folderWith(t, { "plugins/a.ts": "1", "r1/lib.ts": "1", "r2/lib.ts": "2" });
  symlinkSync("r1", join(folder, "current"));
  const watched = new Watching(join(folder, "plugins"));
  t.teardown(() => watched.watch.close());
  watched.watch.update([join(folder, "r1/lib.ts"), join(folder, "current/lib.ts")]);
  await watched.once(t, "deployed", () => {
    symlinkSync("r2", join(folder, "current.tmp"));
    renameSync(join(folder, "current.tmp"), join(folder, "current"));
  });
  await watched.once(t, "changed", () => writeFileSync(join(folder, "r2/lib.ts"), "3"));
});

t.test("a folder that is missing is watched for, with those above it", async (t) => {
  const folder = folderWith(t, {});
  const watched = new Watching(join(folder, "app", "plugins"));
  t.teardown(() => watched.watch.close());
  await watched.once(t, "came", () => put(join(folder, "app/plugins/a.ts"), "1"));
  await watched.once(t, "changed", () => writeFileSync(join(folder, "app/plugins/a.ts"), "2"));
  t.same(watched.failures, []);
});

t.test("a folder behind a loop of links is as good as missing, and seen when it comes back", async (t) => {
  const { folder, plugins, watched } = watching(t, { "plugins/auth/index.ts": "1" });
  const away = join(folder, "away");
  for (const path of [plugins, join(plugins, "auth")]) {
    await watched.once(t, "loop", () => {
      renameSync(path, away);
      symlinkSync(path, path);
    });
    await watched.once(t, "back", () => {
      unlinkSync(path);
      renameSync(away, path);
    });
    await watched.once(t, "changed", () => writeFileSync(join(plugins, "auth", "index.ts"), "2"));
  }
  t.same(watched.failures, []);
});

t.test("other files beside the folder are nothing", async (t) => {
  const { folder, watched } = watching(t, { "plugins/a.ts": "1" });
  await sleep(calm);
  const before = watched.calls;
  writeFileSync(join(folder, "app.log"), "line");
  await sleep(calm);
  t.equal(watched.calls, before);
});

t.test("a closed watch calls nobody, also when it was about to", async (t) => {
  const { plugins, watched } = watching(t, { "plugins/a.ts": "1" });
  await sleep(calm);
  const before = watched.calls;
  writeFileSync(join(plugins, "a.ts"), "2");
  await sleep(5);
  watched.watch.close();
  await sleep(calm);
  writeFileSync(join(plugins, "a.ts"), "3");
  await sleep(calm);
  t.equal(watched.calls, before);
});
