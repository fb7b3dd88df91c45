import {
  type Encode,
  escapeRegexp,
  fullWildcard,
  type Part,
  type PatternOptions,
  parseParts,
  segmentWildcard,
} from "./parts.ts";
import { patternText } from "./pattern-text.ts";

/** The pattern of one component of a URL. */
export interface Component {
  /** The pattern in its shortest form. */
  readonly text: string;
  readonly regexp: RegExp;
  /** Names of the groups, in their order. */
  readonly names: readonly string[];
  readonly hasRegExpGroups: boolean;
}

/**
 * URL Pattern Standard, "compile a component". The standard says flag `v`, which not every engine has;
 * it is `u` in all, so that all take the same patterns.
 *
 * @throws TypeError for what is no pattern
 */
export function compileComponent(pattern: string, options: PatternOptions, encode: Encode): Component {
  const parts = parseParts(pattern, options, encode);
  return {
    text: patternText(parts, options),
    regexp: compileRegexp(parts, options),
    names: parts.filter((part) => part.type !== "fixed-text").map((part) => part.name),
    hasRegExpGroups: parts.some((part) => part.type === "regexp"),
  };
}

function compileRegexp(parts: readonly Part[], options: PatternOptions): RegExp {
  const source = parts.map((part) => regexpOf(part, options)).join("");
  try {
    return new RegExp(`^${source}$`, options.ignoreCase ? "iv" : "v");
  } catch {
    throw new TypeError("Invalid pattern: a group is no regular expression");
  }
}

function regexpOf(part: Part, options: PatternOptions): string {
  const { modifier } = part;
  if (part.type === "fixed-text") {
    const text = escapeRegexp(part.value);
    return modifier === "" ? text : `(?:${text})${modifier}`;
  }
  const value = matcherOf(part, options);
  const repeats = modifier === "*" || modifier === "+";
  if (part.prefix === "" && part.suffix === "") {
    return repeats ? `((?:${value})${modifier})` : `(${value})${modifier}`;
  }
  const prefix = escapeRegexp(part.prefix);
  const suffix = escapeRegexp(part.suffix);
  if (!repeats) return `(?:${prefix}(${value})${suffix})${modifier}`;
  const optional = modifier === "*" ? "?" : "";
  return `(?:${prefix}((?:${value})(?:${suffix}${prefix}(?:${value}))*)${suffix})${optional}`;
}

function matcherOf(part: Part, options: PatternOptions): string {
  if (part.type === "segment-wildcard") return segmentWildcard(options);
  return part.type === "full-wildcard" ? fullWildcard : part.value;
}
