import { isProxyField } from "../shared/proxy-fields.ts";
import type { Escape } from "./escape.ts";
import { decodedParameter, type Facts, type Fields, isToken } from "./facts.ts";
import { parseTemplate, render, type Template } from "./template.ts";

/** Named values of a message: its fields, its query or its cookies. */
export interface Entries {
  has(name: string): boolean;
  set(name: string, value: string): void;
  append(name: string, value: string): void;
  delete(name: string): void;
  rename(from: string, to: string): void;
}

/** What an operator wants changed, by verb; they go in this order. */
export interface EditsConfig {
  readonly remove?: readonly string[];
  readonly rename?: Readonly<Record<string, string>>;
  readonly set?: Readonly<Record<string, string>>;
  readonly add?: Readonly<Record<string, string>>;
  readonly append?: Readonly<Record<string, string>>;
}

export interface Edits {
  readonly remove: readonly string[];
  readonly rename: readonly (readonly [string, string])[];
  readonly values: readonly { verb: "set" | "add" | "append"; name: string; value: Template }[];
}

/** @throws Error for a field that belongs to the proxy, and for a template that means nothing */
export function editsOf(config: EditsConfig | undefined, where: string, areFields: boolean): Edits | null {
  if (config === undefined) return null;
  const rename = Object.entries(config.rename ?? {});
  const values = (["set", "add", "append"] as const).flatMap((verb) =>
    Object.entries(config[verb] ?? {}).map(([name, text]) => {
      const value = parseTemplate(text, `${where}.${verb}`);
      return { verb, name, value };
    }),
  );
  const names = [...(config.remove ?? []), ...rename.flat(), ...values.map(({ name }) => name)];
  for (const name of names) if (areFields) checkField(name, where);
  return { remove: config.remove ?? [], rename, values };
}

function checkField(name: string, where: string): void {
  if (!isToken(name)) throw new Error(`Cannot use ${where}: ${JSON.stringify(name)} is no name of a field`);
  if (isProxyField(name)) throw new Error(`Cannot use ${where}: ${name} belongs to the proxy`);
}

/**
 * A value that cannot be told is none: what `set` names is gone then, or a client could send what nobody said of it.
 */
export function applyEdits(entries: Entries, edits: Edits, facts: Facts, escaped: Escape): void {
  // Values are read before anything is changed: what goes may be a part of what comes.
  const texts = edits.values.map(({ value }) => render(value, facts, escaped));
  for (const name of edits.remove) entries.delete(name);
  for (const [from, to] of edits.rename) entries.rename(from, to);
  for (const [index, { verb, name }] of edits.values.entries()) {
    const text = texts[index] ?? null;
    if (verb === "add" && entries.has(name)) continue;
    if (text !== null) entries[verb === "append" ? "append" : "set"](name, text);
    else if (verb === "set") entries.delete(name);
  }
}

/** Fields by name; a name that ends in `*` removes all that begin so. */
export function fieldEntries(fields: Fields): Entries {
  return {
    has: (name) => fields.has(name),
    set: (name, value) => fields.set(name, value),
    append: (name, value) => fields.append(name, value),
    delete(name) {
      if (!name.endsWith("*")) return fields.delete(name);
      const start = name.slice(0, -1).toLowerCase();
      for (const found of [...fields.keys()]) {
        if (found.startsWith(start) && !isProxyField(found)) fields.delete(found);
      }
    },
    rename(from, to) {
      const value = fields.get(from);
      if (value === null) return;
      fields.delete(from);
      fields.set(to, value);
    },
  };
}

/** Pairs of a query or of a Cookie field. Those that nobody touches stay byte for byte. */
export class PairList implements Entries {
  private pairs: { name: string; text: string }[];
  private readonly isQuery: boolean;
  isChanged = false;

  /** @param text of a query, without its question mark, or of a Cookie field */
  constructor(text: string, isQuery: boolean) {
    this.isQuery = isQuery;
    const texts = isQuery ? text.split("&") : text.split(";").map((pair) => pair.trim());
    this.pairs = texts.filter((pair) => pair !== "").map((pair) => ({ name: this.nameOf(pair), text: pair }));
  }

  private nameOf(pair: string): string {
    const name = pair.split("=", 1)[0]!;
    return this.isQuery ? decodedParameter(name) : name.trim();
  }

  private written(name: string): string {
    return this.isQuery ? encodeURIComponent(name) : name;
  }

  has(name: string): boolean {
    return this.pairs.some((pair) => pair.name === name);
  }

  set(name: string, value: string): void {
    this.delete(name);
    this.append(name, value);
  }

  append(name: string, value: string): void {
    this.isChanged = true;
    this.pairs.push({ name, text: `${this.written(name)}=${value}` });
  }

  delete(name: string): void {
    const rest = this.pairs.filter((pair) => pair.name !== name);
    if (rest.length === this.pairs.length) return;
    this.isChanged = true;
    this.pairs = rest;
  }

  rename(from: string, to: string): void {
    if (!this.has(from)) return;
    this.isChanged = true;
    this.pairs = this.pairs
      .filter(({ name }) => name !== to)
      .map((pair) => (pair.name === from ? this.renamed(pair.text, to) : pair));
  }

  private renamed(text: string, name: string): { name: string; text: string } {
    const equals = text.indexOf("=");
    return { name, text: this.written(name) + (equals < 0 ? "" : text.slice(equals)) };
  }

  toString(): string {
    return this.pairs.map(({ text }) => text).join(this.isQuery ? "&" : "; ");
  }
}
