import { fullWildcard, type Part, type PatternOptions, segmentWildcard } from "./parts.ts";
import { isNameCharacter } from "./tokens.ts";

/** The pattern that these parts are, URL Pattern Standard "generate a pattern string". */
export function patternText(parts: readonly Part[], options: PatternOptions): string {
  return parts.map((part, i) => partText(part, parts[i - 1], parts[i + 1], options)).join("");
}

export function escapePattern(text: string): string {
  return text.replace(/[+*?:{}()\\]/g, "\\$&");
}

function partText(
  part: Part,
  previous: Part | undefined,
  next: Part | undefined,
  options: PatternOptions,
): string {
  if (part.type === "fixed-text") {
    const text = escapePattern(part.value);
    return part.modifier === "" ? text : `{${text}}${part.modifier}`;
  }
  const isGrouped = needsGroup(part, previous, next, options);
  const inner =
    escapePattern(part.prefix) +
    (isNamed(part) ? `:${part.name}` : "") +
    matcherText(part, previous, isGrouped, options) +
    (suffixRunsOn(part) ? "\\" : "") +
    escapePattern(part.suffix);
  return (isGrouped ? `{${inner}}` : inner) + part.modifier;
}

/** Whether the part would be read as another without braces. */
function needsGroup(
  part: Part,
  previous: Part | undefined,
  next: Part | undefined,
  options: PatternOptions,
): boolean {
  if (part.suffix !== "" || (part.prefix !== "" && part.prefix !== options.prefix)) return true;
  if (next !== undefined && isBareName(part) && nameRunsInto(next)) return true;
  return (
    part.prefix === "" &&
    previous?.type === "fixed-text" &&
    options.prefix !== "" &&
    previous.value.endsWith(options.prefix)
  );
}

function isBareName(part: Part): boolean {
  return isNamed(part) && part.type === "segment-wildcard" && part.modifier === "";
}

function nameRunsInto(next: Part): boolean {
  if (next.prefix !== "" || next.suffix !== "") return false;
  return next.type === "fixed-text" ? beginsLikeName(next.value) : !isNamed(next);
}

function suffixRunsOn(part: Part): boolean {
  return part.type === "segment-wildcard" && isNamed(part) && beginsLikeName(part.suffix);
}

function matcherText(
  part: Part,
  previous: Part | undefined,
  isGrouped: boolean,
  options: PatternOptions,
): string {
  if (part.type === "regexp") return `(${part.value})`;
  if (part.type === "segment-wildcard") return isNamed(part) ? "" : `(${segmentWildcard(options)})`;
  const standsAlone =
    previous === undefined ||
    previous.type === "fixed-text" ||
    previous.modifier !== "" ||
    isGrouped ||
    part.prefix !== "";
  return !isNamed(part) && standsAlone ? "*" : `(${fullWildcard})`;
}

/** Groups without a name are numbered. */
function isNamed(part: Part): boolean {
  return !/^[0-9]/.test(part.name);
}

function beginsLikeName(text: string): boolean {
  return text !== "" && isNameCharacter(String.fromCodePoint(text.codePointAt(0)!), false);
}
