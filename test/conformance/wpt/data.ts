import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The web-platform-tests are not part of this repository. `SLUICE_WPT` names a checkout of
 * https://github.com/web-platform-tests/wpt (3-Clause BSD, copyright web-platform-tests contributors),
 * of which the JSON files are read.
 */
const root = process.env["SLUICE_WPT"];

/** Why nothing is run, or false: the `skip` of a test. */
export const missing = root === undefined ? "SLUICE_WPT names no checkout of web-platform-tests" : false;

/** @param path inside the checkout, of a JSON file */
export function readWpt<T>(path: string): T {
  const file = join(root!, path);
  if (!existsSync(file)) throw new Error(`Cannot find ${path} in SLUICE_WPT`);
  return JSON.parse(readFileSync(file, "utf8")) as T;
}
