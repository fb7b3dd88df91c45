/** Changes are told although the directory never comes to rest. */
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { watchDirectoriesOf } from "../../core/net/directory-watcher.ts";
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
