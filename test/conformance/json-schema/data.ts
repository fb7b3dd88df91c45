import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "../../../plugins/shared/json/json.ts";

/**
 * The suite is not part of this repository. `SLUICE_JSON_SCHEMA_TESTS` names a checkout of
 * https://github.com/json-schema-org/JSON-Schema-Test-Suite (MIT, copyright Julian Berman).
 */
const root = process.env["SLUICE_JSON_SCHEMA_TESTS"];

/** Why nothing is run, or false: the `skip` of a test. */
export const missing =
  root === undefined ? "SLUICE_JSON_SCHEMA_TESTS names no checkout of JSON-Schema-Test-Suite" : false;

export type Schema = JsonObject | boolean;

export interface Group {
  readonly description: string;
  readonly schema: Schema;
  readonly tests: readonly {
    readonly description: string;
    readonly data: JsonObject;
    readonly valid: boolean;
  }[];
}

/** The files of a folder of the draft, without `.json`. */
export function filesOf(folder: string): string[] {
  if (root === undefined) return [];
  const names = readdirSync(join(root, "tests/draft2020-12", folder)).filter((name) =>
    name.endsWith(".json"),
  );
  return names.map((name) => join(folder, name.slice(0, -".json".length)));
}

export function groupsOf(file: string): Group[] {
  return read(join(root!, "tests/draft2020-12", `${file}.json`));
}

/** What the suite says is to be found at http://localhost:1234, and the schemas of the draft itself. */
export function documents(): Record<string, Schema> {
  const found: Record<string, Schema> = {};
  const names = readdirSync(join(root!, "remotes"), { recursive: true }) as string[];
  for (const name of names) {
    const isOther = /^(?:draft(?!2020-12)|v1)/.test(name);
    if (name.endsWith(".json") && !isOther) {
      found[`http://localhost:1234/${name}`] = read(join(root!, "remotes", name));
    }
  }
  for (const name of draftNames) {
    found[`https://json-schema.org/draft/2020-12/${name}`] = read(join(draftFolder, `${name}.json`));
  }
  // Named by documents of the suite, and missing in the folder that the others are read from.
  const assertion = "https://json-schema.org/draft/2020-12/meta/format-assertion";
  found[assertion] = { $id: assertion, $dynamicAnchor: "meta", properties: { format: { type: "string" } } };
  return found;
}

const draftFolder = "node_modules/ajv/dist/refs/json-schema-2020-12";
const draftNames = [
  "schema",
  ..."applicator content core format-annotation meta-data unevaluated validation"
    .split(" ")
    .map((name) => `meta/${name}`),
];

function read<T>(path: string): T {
  if (!existsSync(path)) throw new Error(`Cannot find ${path}`);
  return JSON.parse(readFileSync(path, "utf8")) as T;
}
