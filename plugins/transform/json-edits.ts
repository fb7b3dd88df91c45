import { escapeNothing } from "./escape.ts";
import { type Facts, requestFieldOf } from "./facts.ts";
import { eachPlace, type Holder, isHolder, isIndex, type JsonPath, jsonPath, memberOf } from "./json-path.ts";
import { type Json, JsonNumber, parseJson } from "./json-value.ts";
import { compileExpression, type ExpressionBounds } from "./jsonata/expression.ts";
import { type MaskStyle, masked } from "./mask.ts";
import { patternMask } from "./pattern-mask.ts";
import { parseTemplate, render, type Template } from "./template.ts";

/** One edit of a body, as the config says it. */
export interface JsonEditConfig {
  readonly op: "set" | "remove" | "rename" | "move" | "mask" | "only" | "jsonata";
  readonly path?: string;
  readonly paths?: readonly string[];
  readonly value?: unknown;
  readonly to?: string;
  readonly style: MaskStyle;
  readonly expression?: string;
  /** What of a text is masked; without it all is. */
  readonly pattern?: string;
}

/** What edits are held to, and what they need beside what they say themselves. */
export interface EditSettings {
  /** Key of masks that are hashes. */
  readonly key: string;
  /** Deepest document. */
  readonly depth: number;
  readonly expressions: ExpressionBounds;
}

/** Returns the document that the edit makes of it, which may be the same one, edited. */
export type JsonEdit = (root: Json, facts: Facts) => Json | Promise<Json>;

/**
 * @param templates to which those of the edit are added
 * @throws Error for an edit that lacks what its verb needs
 */
export function jsonEdit(
  config: JsonEditConfig,
  { key, expressions }: EditSettings,
  templates: Template[],
): JsonEdit {
  const { op, style } = config;
  if (op === "only") return onlyEdit((config.paths ?? []).map((path) => jsonPath(path, "json only")));
  if (op === "jsonata") return expressionEdit(config.expression, expressions, templates);
  const path = jsonPath(config.path ?? "", `json ${op}`);
  switch (op) {
    case "set":
      return setEdit(path, config.value, templates);
    case "remove":
      return placesEdit(path, removeAt);
    case "mask":
      if (style === "hash" && key === "") throw new Error("Cannot use json mask: hash needs maskKey");
      return maskEdit(path, config, key);
    case "rename": {
      const { to } = config;
      if (to === undefined) throw new Error("Cannot use json rename: it has no to");
      return placesEdit(path, (holder, name) => rename(holder, name, to));
    }
    default:
      return moveEdit(path, jsonPath(config.to ?? "", "json move"));
  }
}

function placesEdit(path: JsonPath, act: (holder: Holder, name: string) => void): JsonEdit {
  return (root) => {
    eachPlace(root, path, act);
    return root;
  };
}

function maskEdit(path: JsonPath, { style, pattern }: JsonEditConfig, key: string): JsonEdit {
  const whole = (value: Json): Json => masked(value, style, key);
  const parts = pattern === undefined ? null : patternMask(pattern, (match) => whole(match) as string);
  const edit = placesEdit(path, (holder, name) => {
    const value = memberOf(holder, name);
    if (value === undefined) return;
    if (parts === null) putAt(holder, name, whole(value));
    else if (typeof value === "string") putAt(holder, name, parts.mask(value));
    else if (value instanceof JsonNumber && parts.mask(value.text) !== value.text) {
      putAt(holder, name, whole(value));
    }
  });
  return (root, facts) => {
    parts?.begin();
    return edit(root, facts);
  };
}

function setEdit(path: JsonPath, value: unknown, templates: Template[]): JsonEdit {
  if (value === undefined) throw new Error("Cannot use json set: it has no value");
  if (path.includes("**")) throw new Error("Cannot use json set: ** says of no one place where it is to be");
  if (typeof value !== "string") {
    const text = JSON.stringify(value);
    return placesEdit(path, (holder, name) => putAt(holder, name, parseJson(text, 64)));
  }
  const template = parseTemplate(value, "json set");
  templates.push(template);
  return (root, facts) => {
    const text = render(template, facts, escapeNothing);
    eachPlace(root, path, (holder, name) => {
      if (text === null) removeAt(holder, name);
      else putAt(holder, name, text);
    });
    return root;
  };
}

function expressionEdit(text: string | undefined, bounds: ExpressionBounds, templates: Template[]): JsonEdit {
  if (text === undefined) throw new Error("Cannot use json jsonata: it has no expression");
  const expression = compileExpression(text, bounds);
  const requestFields = expression.sources.map(requestFieldOf).filter((name) => name !== null);
  templates.push({ parts: [], requestFields });
  return (root, facts) => expression.evaluate(root, facts);
}

/** Both without wildcards: one place to another. Where its holder is missing, it stays where it was. */
function moveEdit(from: JsonPath, to: JsonPath): JsonEdit {
  for (const path of [from, to]) {
    if (path.includes("*") || path.includes("**"))
      throw new Error("Cannot use json move: it takes no wildcards");
  }
  return (root) => {
    let target: Json | undefined = root;
    for (const name of to.slice(0, -1)) target = isHolder(target) ? memberOf(target, name) : undefined;
    if (!isHolder(target)) return root;
    const holder = target;
    eachPlace(root, from, (source, name) => {
      const value = memberOf(source, name);
      // A document that holds itself has no end.
      if (value === undefined || (isHolder(value) && holds(value, holder))) return;
      removeAt(source, name);
      putAt(holder, to.at(-1)!, value);
    });
    return root;
  };
}

function holds(value: Holder, wanted: Holder): boolean {
  if (value === wanted) return true;
  const members: Iterable<Json> = value.values();
  for (const member of members) if (isHolder(member) && holds(member, wanted)) return true;
  return false;
}

function removeAt(holder: Holder, name: string): void {
  if (holder instanceof Map) holder.delete(name);
  else if (isIndex(name) && Number(name) < holder.length) holder.splice(Number(name), 1);
}

/** `-` is the place behind the last one of a list (RFC 6901 section 4); a list gets no holes. */
function putAt(holder: Holder, name: string, value: Json): void {
  if (holder instanceof Map) holder.set(name, value);
  else if (name === "-") holder.push(value);
  else if (isIndex(name) && Number(name) < holder.length) holder[Number(name)] = value;
}

/** In its place among the others. What already had the new name goes. */
function rename(holder: Holder, from: string, to: string): void {
  if (!(holder instanceof Map) || !holder.has(from) || from === to) return;
  const members = [...holder].filter(([name]) => name !== to);
  holder.clear();
  for (const [name, value] of members) holder.set(name === from ? to : name, value);
}

/** Keeps what the paths lead to, and what it lies in. */
function onlyEdit(paths: readonly JsonPath[]): JsonEdit {
  if (paths.length === 0) throw new Error("Cannot use json only: it has no paths");
  if (paths.some((path) => path.includes("**"))) throw new Error("Cannot use json only: it takes no **");
  return (root) => kept(root, paths) ?? (Array.isArray(root) ? [] : new Map());
}

function kept(value: Json, paths: readonly JsonPath[]): Json | undefined {
  if (paths.some((path) => path.length === 0)) return value;
  if (!isHolder(value)) return undefined;
  const below = (name: string) =>
    paths.filter(([first]) => first === "*" || first === name).map((path) => path.slice(1));
  if (Array.isArray(value)) {
    const items = value.map((item, index) => kept(item, below(String(index))));
    return items.filter((item) => item !== undefined);
  }
  const members = new Map<string, Json>();
  for (const [name, member] of value) {
    const rest = kept(member, below(name));
    if (rest !== undefined) members.set(name, rest);
  }
  return members;
}
