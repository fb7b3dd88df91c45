import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { startSource } from "./recording.ts";

/** A folder of its own, with a file in it. */
function fileWith(t: Test, text: string | null): { readonly folder: string; readonly file: string } {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "sluice-discovery-")));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "endpoints.yaml");
  if (text !== null) writeFileSync(file, text);
  return { folder, file };
}

/** As a file is to be written: renamed onto the old one. */
function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

function watching(t: Test, path: string) {
  return startSource(t, { kind: "file", path });
}

t.test("a file is read, and read again when it is replaced or written", async (t) => {
  const { file } = fileWith(t, "- 10.0.0.1:80");
  const { told } = watching(t, file);
  await told.until(({ latest }) => latest?.[0] === "10.0.0.1:80");
  replace(file, "- 10.0.0.2:80");
  await told.until(({ latest }) => latest?.[0] === "10.0.0.2:80");
  writeFileSync(file, '["10.0.0.3:80"]');
  await told.until(({ latest }) => latest?.[0] === "10.0.0.3:80");
  replace(file, "[]");
  await told.until(({ latest }) => latest?.length === 0);
  t.same(told.problems, []);
});

t.test("a ConfigMap is followed through the swap of its ..data link", async (t) => {
  const { folder } = fileWith(t, null);
  const put = (version: string, text: string) => {
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, "endpoints.yaml"), text);
  };
  put("..2026_01", "- 10.0.0.1:80");
  symlinkSync("..2026_01", join(folder, "..data"));
  symlinkSync(join("..data", "endpoints.yaml"), join(folder, "endpoints.yaml"));
  const { told } = watching(t, join(folder, "endpoints.yaml"));
  await told.until(({ latest }) => latest?.[0] === "10.0.0.1:80");

  put("..2026_02", "- 10.0.0.2:80");
  symlinkSync("..2026_02", join(folder, "..data_tmp"));
  renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
  rmSync(join(folder, "..2026_01"), { recursive: true });
  await told.until(({ latest }) => latest?.[0] === "10.0.0.2:80");
  t.same(told.problems, []);
});

t.test("a broken file keeps the last good list and is told with its place", async (t) => {
  const { file } = fileWith(t, "- 10.0.0.1:80");
  const { told } = watching(t, file);
  await told.until(({ lists }) => lists.length > 0);
  replace(file, "- 10.0.0.1:80\n- 10.0.0.2\n- 10.0.0.3\n");
  await told.until(({ problems }) => problems.length === 1);
  t.match(told.problems[0], `file ${file}: ${file}:2:3: expected an endpoint such as`);
  t.match(told.problems[0], /found "10\.0\.0\.2" \(and 1 more\)$/);
  t.same(told.latest, ["10.0.0.1:80"]);

  replace(file, "- 10.0.0.2:80");
  await told.until(({ recoveries }) => recoveries.length === 1);
  t.same(told.latest, ["10.0.0.2:80"]);
});

t.test("a file that is removed keeps its list, and may come back", async (t) => {
  const { file } = fileWith(t, "- 10.0.0.1:80");
  const { told } = watching(t, file);
  await told.until(({ lists }) => lists.length > 0);
  unlinkSync(file);
  await told.until(({ problems }) => problems.length === 1);
  t.match(told.problems[0], /expected a file that can be read, found no file$/);
  t.same(told.latest, ["10.0.0.1:80"]);
  writeFileSync(file, "- 10.0.0.2:80");
  await told.until(({ latest }) => latest?.[0] === "10.0.0.2:80");
  t.equal(told.recoveries.length, 1);
});

t.test("a file that is missing at the start is found when it comes, without any event too", async (t) => {
  const { folder, file } = fileWith(t, null);
  const late = join(folder, "later", "endpoints.yaml");
  const { told, clock } = watching(t, late);
  await told.until(({ problems }) => problems.length === 1);
  mkdirSync(join(folder, "later"));
  writeFileSync(late, "- 10.0.0.1:80");
  while (told.lists.length === 0) {
    clock.advance(60_000);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  t.same(told.latest, ["10.0.0.1:80"]);
  t.not(file, late);
});

t.test("a file is read again every minute, for file systems that tell of no change", async (t) => {
  const { file } = fileWith(t, "- 10.0.0.1:80");
  const { clock, told } = watching(t, file);
  await clock.untilWaiting(60_000);
  t.same(told.latest, ["10.0.0.1:80"]);
});

t.test("a folder in the place of the file, and bytes that are no text, are told", async (t) => {
  const { folder, file } = fileWith(t, null);
  const { told } = watching(t, folder);
  await told.until(({ problems }) => problems.length === 1);
  t.match(told.problems[0], /found a folder$/);

  writeFileSync(file, Buffer.from([0x2d, 0x20, 0xff, 0xfe]));
  const other = watching(t, file);
  await other.told.until(({ problems }) => problems.length === 1);
  t.match(other.told.problems[0], /endpoints\.yaml:1:1: expected UTF-8 text, found other bytes$/);
});

t.test("after close nothing is read any more", async (t) => {
  const { file } = fileWith(t, "- 10.0.0.1:80");
  const { source, told, clock } = watching(t, file);
  await told.until(({ lists }) => lists.length > 0);
  source.close();
  t.same(clock.waits, []);
});
