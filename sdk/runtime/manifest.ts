import type { Definition } from "./instance.ts";
import { functionNames, type ManifestText, phaseNames } from "./message.ts";

/** Longer ones are found as well, in UTF-16 code units. */
const longestSource = 2000;
const { apply } = Reflect;
const { toString: textOf } = Function.prototype;

/** What a plugin says of itself, as plain values; the host checks each of them. */
export function manifestOf(definition: Definition): ManifestText {
  return {
    name: (definition.name ?? null) as string | null,
    description: (definition.description ?? null) as string | null,
    phases: phaseNames.filter((phase) => definition[phase] !== undefined),
    discovers: definition.discover !== undefined,
    config: definition.config ?? null,
    capabilities: definition.capabilities ?? null,
    limits: definition.limits ?? null,
    onFailure: definition.onFailure ?? null,
    members: membersOf(definition as Readonly<Record<string, unknown>>),
    sources: sourcesOf(definition as Readonly<Record<string, unknown>>),
  };
}

/** Own ones, and the functions that a class gives it. */
function membersOf(definition: Readonly<Record<string, unknown>>): ManifestText["members"] {
  const functions = functionNames.filter((name) => definition[name] !== undefined);
  const names = [...Object.keys(definition), ...functions];
  return Object.fromEntries(names.map((name) => [name, typeof definition[name]]));
}

function sourcesOf(definition: Readonly<Record<string, unknown>>): ManifestText["sources"] {
  const functions = functionNames.filter((name) => typeof definition[name] === "function");
  const textAt = (name: string) => apply(textOf, definition[name], []).slice(0, longestSource);
  return Object.fromEntries(functions.map((name) => [name, textAt(name)]));
}
