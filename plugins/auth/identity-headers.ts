/** Who it is, told to the service in fields that nobody else can set. */
import type { Identity, PluginRequest } from "sluice/sdk";
import type { AuthConfig } from "./config.ts";

type Headers = PluginRequest["headers"];
type Names = AuthConfig["identityHeaders"];

/**
 * How fields are removed that a client must not send, and those set that tell who it is.
 *
 * @example
 * const fields = new IdentityHeaders(config.identityHeaders, []);
 * fields.strip(request.headers);
 * fields.set(request.headers, identity);
 */
export class IdentityHeaders {
  private readonly names: Names;
  private readonly claims: readonly (readonly [claim: string, field: string])[];
  private readonly exact: ReadonlySet<string>;
  private readonly prefixes: readonly string[];
  /** Whether a name is one that clients must not send, for names that came before: programs use few. */
  private readonly known = new Map<string, boolean>();

  /** @param more fields that clients must not send */
  constructor(names: Names, more: readonly string[]) {
    this.names = names;
    this.claims = Object.entries(names.claims);
    const { subject, method, scopes, groups, strip, token } = names;
    const claimed = Object.values(names.claims);
    const own = [subject, method, scopes, groups, token?.header ?? "", ...claimed, ...more].filter(
      (name) => name !== "",
    );
    this.exact = new Set([...own, ...strip.filter((name) => !name.endsWith("*"))].map(canonicalName));
    this.prefixes = strip
      .filter((name) => name.endsWith("*"))
      .map((name) => canonicalName(name.slice(0, -1)));
  }

  /** Removes what only this policy may say, and what servers take for it. */
  strip(headers: Headers): void {
    const forged: string[] = [];
    headers.forEach((_, name) => {
      if (this.isOwn(name)) forged.push(name);
    });
    for (const name of forged) headers.delete(name);
  }

  set(headers: Headers, { subject, method, scopes, groups, claims }: Identity): void {
    const { names } = this;
    if (names.subject !== "") headers.set(names.subject, fieldText(subject));
    if (names.method !== "") headers.set(names.method, fieldText(method));
    if (names.scopes !== "" && scopes.length > 0) headers.set(names.scopes, listText(scopes, " "));
    if (names.groups !== "" && groups.length > 0) headers.set(names.groups, listText(groups, ","));
    for (const [claim, field] of this.claims) {
      const text = Object.hasOwn(claims, claim) ? claimText(claims[claim]) : "";
      if (text !== "") headers.set(field, text);
    }
  }

  private isOwn(name: string): boolean {
    const answer = this.known.get(name);
    return answer === undefined ? this.judge(name) : answer;
  }

  private judge(name: string): boolean {
    const plain = canonicalName(name);
    const isOwn = this.exact.has(plain) || this.prefixes.some((prefix) => plain.startsWith(prefix));
    if (this.known.size < mostKnown && name.length <= longestKnown) this.known.set(name, isOwn);
    return isOwn;
  }
}

const mostKnown = 256;
const longestKnown = 128;

/** CGI and what came after it name fields alike that differ in these characters (CVE-2026-39858). */
export function canonicalName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "-");
}

const plain = /^[\x21-\x24\x26-\x2b\x2d-\x7e]*$/;

/**
 * A text in visible ASCII: anything else, `%` and `,` are percent-encoded, so that no value can be two.
 *
 * @example
 * fieldText("Zoë, admin"); // "Zo%C3%AB%2C%20admin"
 */
export function fieldText(text: string): string {
  if (plain.test(text)) return text;
  return text
    .toWellFormed()
    .replaceAll(/[^\x21-\x24\x26-\x2b\x2d-\x7e]+/g, (part) => encodeURIComponent(part));
}

function listText(items: readonly string[], separator: string): string {
  return items.length === 1 ? fieldText(items[0]!) : items.map(fieldText).join(separator);
}

function claimText(value: unknown): string {
  if (typeof value === "string") return fieldText(value);
  if (Array.isArray(value)) return listText(value.map(String), ",");
  if (value === null || value === undefined) return "";
  return fieldText(typeof value === "object" ? JSON.stringify(value) : String(value));
}
