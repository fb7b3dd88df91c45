/** Changes are told although the directory never comes to rest, and whatever links lead to a file. */
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { watchDirectoriesOf } from "../../core/net/directory-watcher.ts";
import { folderWith, put } from "../reload/folder.ts";
import { until } from "./until.ts";

t.test("a log beside a file does not keep its changes from being told", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-watch-"));
  const writing = setInterval(() => appendFileSync(join(folder, "log"), "line\n"), 10);
  let times = 0;
  const watch = watchDirectoriesOf([join(folder, "sluice.yaml")], {
    changed: () => times++,
    failed: (error) => t.fail(String(error)),
  });
  t.teardown(() => {
    clearInterval(writing);
    watch.close();
    rmSync(folder, { recursive: true });
  });
  await until(() => times >= 3);
  t.pass();
});

interface Layout {
  readonly name: string;
  readonly files: readonly string[];
  readonly links?: Readonly<Record<string, string>>;
  readonly watched: string;
  /** Each gives the file another text, as what it is given is. */
  readonly saves: Readonly<Record<string, (folder: string, text: string) => void>>;
}

const save =
  (path: string) =>
  (folder: string, text: string): void =>
    put(join(folder, path), text);
const replace =
  (path: string) =>
  (folder: string, text: string): void => {
    put(join(folder, "new/file"), text);
    renameSync(join(folder, "new/file"), join(folder, path));
  };
const swap =
  (link: string, target: string, path: string) =>
  (folder: string, text: string): void => {
    put(join(folder, path), text);
    symlinkSync(target, join(folder, "link"));
    renameSync(join(folder, "link"), join(folder, link));
  };

const layouts: readonly Layout[] = [
  {
    name: "a link to a file elsewhere",
    files: ["repo/sluice.yaml"],
    links: { "etc/sluice.yaml": "../repo/sluice.yaml" },
    watched: "etc/sluice.yaml",
    saves: {
      saved: save("repo/sluice.yaml"),
      replaced: replace("repo/sluice.yaml"),
      swapped: swap("etc/sluice.yaml", "../other/s.yaml", "other/s.yaml"),
      "saved then": save("other/s.yaml"),
    },
  },
  {
    name: "a link to the folder",
    files: ["r1/sluice.yaml"],
    links: { current: "r1" },
    watched: "current/sluice.yaml",
    saves: {
      saved: save("r1/sluice.yaml"),
      replaced: replace("r1/sluice.yaml"),
      swapped: swap("current", "r2", "r2/sluice.yaml"),
      "saved then": save("r2/sluice.yaml"),
    },
  },
  {
    name: "a link above the folder",
    files: ["r1/conf/sluice.yaml"],
    links: { current: "r1" },
    watched: "current/conf/sluice.yaml",
    saves: {
      saved: save("r1/conf/sluice.yaml"),
      swapped: swap("current", "r2", "r2/conf/sluice.yaml"),
      "saved then": save("r2/conf/sluice.yaml"),
    },
  },
  {
    name: "a link to a link, as to certbot's",
    files: ["archive/cert1.pem"],
    links: { "live/cert.pem": "../archive/cert1.pem", "etc/cert.pem": "../live/cert.pem" },
    watched: "etc/cert.pem",
    saves: {
      renewed: swap("live/cert.pem", "../archive/cert2.pem", "archive/cert2.pem"),
      saved: save("archive/cert2.pem"),
    },
  },
  {
    name: "a folder in whose place another is put",
    files: ["conf/sluice.yaml"],
    watched: "conf/sluice.yaml",
    saves: {
      moved(folder, text) {
        put(join(folder, "next/sluice.yaml"), text);
        renameSync(join(folder, "conf"), join(folder, "old"));
        renameSync(join(folder, "next"), join(folder, "conf"));
      },
      saved: save("conf/sluice.yaml"),
      "made anew"(folder, text) {
        rmSync(join(folder, "conf"), { recursive: true });
        put(join(folder, "conf/sluice.yaml"), text);
      },
      "saved then": save("conf/sluice.yaml"),
    },
  },
  {
    name: "a folder that is missing",
    files: [],
    watched: "a/b/sluice.yaml",
    saves: { made: save("a/b/sluice.yaml"), saved: save("a/b/sluice.yaml") },
  },
];

for (const { name, files, links = {}, watched, saves } of layouts) {
  t.test(`${name} is followed`, async (t) => {
    const folder = folderWith(t, Object.fromEntries(files.map((path) => [path, "first"])));
    for (const [link, target] of Object.entries(links)) {
      put(join(folder, link), "");
      rmSync(join(folder, link));
      symlinkSync(target, join(folder, link));
    }
    let seen: string | null = null;
    let calls = 0;
    const watch = watchDirectoriesOf([join(folder, watched)], {
      changed() {
        calls++;
        seen = files.length === 0 && calls === 1 ? null : readFileSync(join(folder, watched), "utf8");
      },
      failed: (error) => t.fail(String(error)),
    });
    t.teardown(() => watch.close());
    await until(() => calls > 0);
    for (const [title, change] of Object.entries(saves)) {
      // What began with the last one is over.
      await sleep(300);
      change(folder, title);
      await until(() => seen === title);
    }
    await sleep(300);
    const before = calls;
    writeFileSync(join(folder, "log"), "line");
    await sleep(300);
    t.equal(calls, before, "nothing else counts");
  });
}

t.test("links that lead in a circle are as good as missing", async (t) => {
  const folder = folderWith(t, {});
  symlinkSync("b", join(folder, "a"));
  symlinkSync("a", join(folder, "b"));
  let seen = "";
  const watch = watchDirectoriesOf([join(folder, "a")], {
    changed() {
      try {
        seen = readFileSync(join(folder, "a"), "utf8");
      } catch {}
    },
    failed: (error) => t.fail(String(error)),
  });
  t.teardown(() => watch.close());
  await sleep(300);
  rmSync(join(folder, "b"));
  writeFileSync(join(folder, "b"), "text");
  await until(() => seen === "text");
  t.pass();
});
