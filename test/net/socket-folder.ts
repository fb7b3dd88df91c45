import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";

/** A folder for Unix sockets: the path of one has 107 bytes at most, which node-tap's fixtures can exceed. */
export function socketFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), "sluice-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}
