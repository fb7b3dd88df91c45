import { isToken } from "./facts.ts";

/** As much of a response's fields as is used. */
interface CookieFields {
  getSetCookie(): string[];
  append(name: string, value: string): void;
  delete(name: string): void;
}

/** What becomes of a cookie that a response sets. */
export interface SetCookieConfig {
  /** `*` is every one. */
  readonly name: string;
  readonly remove?: boolean;
  readonly rename?: string;
  readonly secure?: boolean;
  readonly httpOnly?: boolean;
  readonly partitioned?: boolean;
  readonly sameSite?: "Strict" | "Lax" | "None";
  /** Empty: of the host alone. */
  readonly domain?: string;
  readonly path?: string;
  /** Seconds. */
  readonly maxAge?: number;
}

/** A cookie as it is set: its pair as it was written, and its attributes by their names in lower case. */
interface SetCookie {
  name: string;
  readonly value: string;
  readonly attributes: Map<string, string>;
}

export type SetCookieEdit = (fields: CookieFields) => void;

/** @throws Error for what browsers would refuse */
export function setCookieEdit(rules: readonly SetCookieConfig[]): SetCookieEdit | null {
  if (rules.length === 0) return null;
  for (const rule of rules) check(rule);
  return (fields) => {
    const lines = fields.getSetCookie();
    if (lines.length === 0) return;
    const edited = lines.map((line) => editedLine(line, rules));
    if (edited.every((line, index) => line === lines[index])) return;
    fields.delete("set-cookie");
    for (const line of edited) if (line !== null) fields.append("set-cookie", line);
  };
}

function check({ name, rename, remove, sameSite, secure }: SetCookieConfig): void {
  for (const each of [name, rename ?? "a"]) {
    if (!isToken(each))
      throw new Error(`Cannot use setCookies: ${JSON.stringify(each)} is no name of a cookie`);
  }
  if (rename !== undefined && name === "*")
    throw new Error("Cannot use setCookies: not all can have one name");
  if (remove !== true && sameSite === "None" && secure === false) {
    throw new Error(`Cannot use setCookies: ${name} with SameSite=None has to be secure`);
  }
}

/** Null: it is removed. What nobody wants changed stays byte for byte. */
function editedLine(line: string, rules: readonly SetCookieConfig[]): string | null {
  const cookie = readSetCookie(line);
  const { name } = cookie;
  const due = rules.filter((rule) => rule.name === "*" || rule.name === name);
  if (due.length === 0) return line;
  if (due.some(({ remove }) => remove === true)) return null;
  for (const rule of due) apply(cookie, rule);
  keepPromises(cookie);
  const attributes = [...cookie.attributes].map(([key, value]) => {
    const shown = shownNames[key] ?? key;
    return value === "" && !valued.has(key) ? shown : `${shown}=${value}`;
  });
  return [`${cookie.name}=${cookie.value}`, ...attributes].join("; ");
}

/** As browsers read it (RFC 6265 section 5.2): of an attribute that comes twice the last one counts. */
function readSetCookie(line: string): SetCookie {
  const [pair = "", ...rest] = line.split(";");
  const [name, value] = splitPair(pair);
  const attributes = new Map<string, string>();
  for (const part of rest) {
    const [key, text] = splitPair(part);
    if (key === "") continue;
    attributes.delete(key.toLowerCase());
    attributes.set(key.toLowerCase(), text);
  }
  return { name, value, attributes };
}

function splitPair(text: string): [name: string, value: string] {
  const equals = text.indexOf("=");
  if (equals < 0) return [text.trim(), ""];
  return [text.slice(0, equals).trim(), text.slice(equals + 1).trim()];
}

function apply(cookie: SetCookie, rule: SetCookieConfig): void {
  const { attributes } = cookie;
  const flags = [
    ["secure", rule.secure],
    ["httponly", rule.httpOnly],
    ["partitioned", rule.partitioned],
  ] as const;
  for (const [key, wanted] of flags) {
    if (wanted === true) attributes.set(key, "");
    else if (wanted === false) attributes.delete(key);
  }
  const texts = [
    ["samesite", rule.sameSite],
    ["domain", rule.domain],
    ["path", rule.path],
    ["max-age", rule.maxAge],
  ] as const;
  for (const [key, wanted] of texts) {
    if (wanted === "") attributes.delete(key);
    else if (wanted !== undefined) attributes.set(key, String(wanted));
  }
  if (rule.rename !== undefined) cookie.name = rule.rename;
}

/** Without these a browser would not take it: prefixes of names, and SameSite=None (RFC 6265bis sections 4.1.3 and 5.6). */
function keepPromises({ name, attributes }: SetCookie): void {
  const lower = name.toLowerCase();
  const isNone = attributes.get("samesite")?.toLowerCase() === "none";
  if (
    lower.startsWith("__secure-") ||
    lower.startsWith("__host-") ||
    isNone ||
    attributes.has("partitioned")
  ) {
    attributes.set("secure", "");
  }
  if (!lower.startsWith("__host-")) return;
  attributes.delete("domain");
  attributes.set("path", "/");
}

const valued = new Set(["domain", "path", "max-age", "expires", "samesite"]);
const shownNames: Readonly<Record<string, string>> = {
  secure: "Secure",
  httponly: "HttpOnly",
  partitioned: "Partitioned",
  samesite: "SameSite",
  domain: "Domain",
  path: "Path",
  "max-age": "Max-Age",
  expires: "Expires",
};
