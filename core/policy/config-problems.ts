/** What a validator found in a config, for people. */
import { didYouMean } from "../config/suggest.ts";

export interface Mismatch {
  readonly keyword: string;
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly message: string;
  readonly params: object;
}

/** Keywords that say which properties there may be. */
const closing = ["additionalProperties", "unevaluatedProperties"];
/** What is told, and how many names a mistyped one is compared with: both are the plugin's. */
const mostProblems = 10;
const mostKnown = 200;

/**
 * The first ones.
 *
 * @param schema what the config was compared with
 *
 * @example
 * problemsOf(mismatches, schema); // ['config/heder is no property of it (did you mean "header"?)']
 */
export function problemsOf(mismatches: readonly Mismatch[], schema: unknown): string[] {
  // The keyword itself says more than its schema `false`, unless there were too many of these.
  const others = mismatches.filter(
    ({ keyword, schemaPath }) =>
      keyword !== "boolean" || !closing.some((each) => schemaPath.endsWith(`/${each}`)),
  );
  const told = others.length > 0 ? others : mismatches;
  const problems: string[] = [];
  for (const mismatch of told) {
    if (closing.includes(mismatch.keyword))
      problems.push(...strangersOf(mismatch, schema, mostProblems - problems.length));
    else if (problems.length < mostProblems)
      problems.push(`config${mismatch.instancePath} ${messageOf(mismatch)}`);
  }
  return problems;
}

/** Of a choice, what there is to choose from. */
function messageOf({ keyword, message, params }: Mismatch): string {
  if (keyword === "boolean") return "must not be there";
  const allowed = "allowedValues" in params ? params.allowedValues : null;
  return Array.isArray(allowed) ? `${message}: ${allowed.map(String).join(", ")}` : message;
}

/** Where the others have a schema, what is wrong with their values is told for itself. */
function strangersOf(
  { keyword, instancePath, schemaPath, params }: Mismatch,
  schema: unknown,
  most: number,
): string[] {
  const closed = partAt(schema, schemaPath);
  if (closed?.[keyword] !== false) return [];
  const known = Object.keys((closed["properties"] as object | undefined) ?? {});
  const names = (params as Readonly<Record<string, readonly string[]>>)[keyword] ?? [];
  return names.slice(0, most).map((name) => {
    const near = didYouMean(name, known.slice(0, mostKnown)) || `; there are ${known.join(", ") || "none"}`;
    return `config${instancePath}/${asPointer(name)} is no property of it${near}`;
  });
}

type Part = Readonly<Record<string, unknown>>;

/** @param path `#/properties/a`, as the validator tells it */
function partAt(schema: unknown, path: string): Part | undefined {
  let part = schema as Part | undefined;
  for (const name of path.split("/").slice(1)) {
    part = part?.[name.replaceAll("~1", "/").replaceAll("~0", "~")] as Part | undefined;
  }
  return part;
}

function asPointer(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
