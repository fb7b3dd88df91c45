import { type Document, isScalar, type Scalar, visit } from "yaml";
import { readIncluded } from "./included-files.ts";
import { looksSecret } from "./secret-names.ts";
import { substitute } from "./substitute.ts";
import type { TextFault } from "./yaml-text.ts";

/** How a scalar with variables may be spoken of: freely, without its value, or not at all for lack of one. */
export type VariableKind = "open" | "secret" | "missing";

export interface FilledIn {
  readonly kinds: ReadonlyMap<Scalar, VariableKind>;
  /** What secret variables stood for. */
  readonly secrets: ReadonlySet<string>;
  readonly faults: readonly TextFault[];
}

/**
 * Replaces `${env:…}` and `${file:…}` in every value of the document, in place. A variable, file or key that looks
 * secret makes it one.
 *
 * @param file name of the document's own file
 */
export function fillInVariables(document: Document.Parsed, env: NodeJS.ProcessEnv, file: string): FilledIn {
  const kinds = new Map<Scalar, VariableKind>();
  const secrets = new Set<string>();
  const faults: TextFault[] = [];

  const readFile = (name: string) => readIncluded(file, name);
  const fillIn = (scalar: Scalar, key: string) => {
    if (typeof scalar.value !== "string" || !scalar.value.includes("${")) return;
    const { text, variables, problems } = substitute(scalar.value, env, readFile);
    const hidden = variables.filter(
      ({ name, value }) => value !== "" && (looksSecret(key) || looksSecret(name)),
    );
    for (const { value } of hidden) secrets.add(value);
    if (problems.length > 0) kinds.set(scalar, "missing");
    else if (variables.length > 0) kinds.set(scalar, hidden.length > 0 ? "secret" : "open");
    for (const message of problems) faults.push({ offset: scalar.range?.[0] ?? 0, message });
    scalar.value = text;
  };

  visit(document, {
    Pair: (_, { key, value }) => {
      if (isScalar(value)) fillIn(value, isScalar(key) ? String(key.value) : "");
    },
    // An index, where Pair has been asked about "key" and "value".
    Scalar: (place, scalar) => {
      if (typeof place === "number") fillIn(scalar, "");
    },
  });
  return { kinds, secrets, faults };
}
