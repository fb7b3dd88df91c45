import { type Path, removeAt } from "../source/value-path.ts";
import { type Mismatch, schemaAt } from "./shape.ts";

/** A copy of the value without what does not fit the schema, so that everything else can still be checked. */
export function prune(value: unknown, mismatches: readonly Mismatch[]): unknown {
  const copy = structuredClone(value);
  for (const { path, error } of mismatches) {
    if (error.keyword !== "additionalProperties") remove(copy, path, error.schemaPath);
  }
  return copy;
}

/** What goes with it: a map that lost a required key is no use to anyone. */
function remove(root: unknown, path: Path, schemaPath: string): void {
  if (path.length === 0) return;
  const parent = schemaPath.replace(/\/(properties|patternProperties)\/[^/]*$|\/items$/, "");
  const { required } = schemaAt(parent);
  if (Array.isArray(required) && required.includes(path.at(-1))) {
    remove(root, path.slice(0, -1), parent.replace(/\/anyOf\/[0-9]+$/, ""));
  } else {
    removeAt(root, path);
  }
}
