import { addVary } from "../shared/vary.ts";
import { type Choice, isRetiredAt } from "./choice.ts";
import type { Rules, Version } from "./versions.ts";

export interface Fields {
  get(name: string): string | null;
  has(name: string): boolean;
  set(name: string, value: string): void;
  append(name: string, value: string): void;
  delete(name: string): void;
}

/** Tells a client what becomes of its version: Deprecation (RFC 9745), Sunset (RFC 8594), and where more is said. */
export function tellVersion(fields: Fields, { sources }: Rules, version: Version): void {
  const { deprecated, sunset, links } = version;
  if (deprecated !== null && !fields.has("deprecation"))
    fields.set("deprecation", `@${Math.floor(deprecated / 1000)}`);
  if (sunset !== null && !fields.has("sunset")) fields.set("sunset", new Date(sunset).toUTCString());
  if (links !== null) fields.append("link", links);
  if (sources.fields.length > 0) addVary(fields, sources.fields.join(", "));
}

/**
 * What a client is told whose request is for no version that answers, as problem details (RFC 9457).
 *
 * @param now ms since 1970
 */
export function refusal(
  choice: Exclude<Choice, { kind: "version" }>,
  rules: Rules,
  unknown: number,
  now: number,
): Response {
  const [status, title, detail] = tellings(choice, unknown);
  const supported = [...new Set(rules.versions.values())].filter(
    (version) => !isRetiredAt(version, rules, now),
  );
  const problem = {
    type: "about:blank",
    title,
    status,
    detail,
    code: `api_version_${choice.kind}`,
    ...(choice.kind !== "path" && { supported: supported.map(({ name }) => name) }),
  };
  const headers = new Headers({ "content-type": "application/problem+json", "cache-control": "no-store" });
  if (choice.kind === "retired") tellVersion(headers, rules, choice.version);
  return new Response(JSON.stringify(problem), { status, headers });
}

function tellings(
  { kind }: Choice,
  unknown: number,
): readonly [status: number, title: string, detail: string] {
  switch (kind) {
    case "conflict":
      return [400, "Bad Request", "The request names two versions"];
    case "missing":
      return [400, "Bad Request", "The request names no version"];
    case "path":
      return [400, "Bad Request", "The path cannot be used"];
    case "retired":
      return [410, "Gone", "This version is retired"];
    default:
      return [unknown, titles[unknown] ?? "", "There is no such version"];
  }
}

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  404: "Not Found",
  406: "Not Acceptable",
};
