import type { Asked } from "./sources.ts";
import type { Rules, Version } from "./versions.ts";

/** As much of an identity as is used. */
export interface Who {
  readonly subject: string;
  readonly groups: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
}

export type Choice =
  | { readonly kind: "version"; readonly version: Version; readonly path: string }
  | { readonly kind: "conflict" | "missing" | "path" }
  | { readonly kind: "unknown" }
  | { readonly kind: "retired"; readonly version: Version };

/**
 * Which version a request is for: the one that it names, or that of its client, or the default.
 *
 * @param now ms since 1970
 */
export function choose(rules: Rules, asked: Asked, who: Who | null, now: number): Choice {
  const named = rules.sources.read(asked);
  const found = new Set(named.map(({ text }) => rules.versions.get(text)));
  if (found.size > 1) return { kind: "conflict" };
  const [first] = found;
  if (named.length > 0 && first === undefined) return { kind: "unknown" };
  const version = first ?? pinned(rules, who) ?? rules.default;
  if (version === "unknown") return { kind: "unknown" };
  if (version === null) return { kind: "missing" };
  if (isRetiredAt(version, rules, now)) return { kind: "retired", version };
  const length = Math.max(0, ...named.map(({ pathLength }) => pathLength));
  const path = pathFor(version, asked.path, length);
  return path === null ? { kind: "path" } : { kind: "version", version, path };
}

export function isRetiredAt(
  { isRetired, sunset }: Version,
  { retiresAtSunset }: Rules,
  now: number,
): boolean {
  return isRetired || (retiresAtSunset && sunset !== null && sunset <= now);
}

/** A claim that names no version is no reason to take another one. */
function pinned({ pinClaim, pins, versions }: Rules, who: Who | null): Version | "unknown" | null {
  if (who === null) return null;
  if (pinClaim !== "" && Object.hasOwn(who.claims, pinClaim)) {
    return versions.get(String(who.claims[pinClaim])) ?? "unknown";
  }
  const isTheirs = pins.find(
    ({ subjects, groups }) =>
      subjects.includes(who.subject) || groups.some((group) => who.groups.includes(group)),
  );
  return isTheirs?.version ?? null;
}

/**
 * @param length of the part of the path that says the version
 * @returns null: two slashes would begin it, and what follows them would be another authority
 */
function pathFor({ path }: Version, asked: string, length: number): string | null {
  if (path === null) return asked;
  const made = path + asked.slice(length);
  if (made.startsWith("//")) return null;
  return made === "" ? "/" : made;
}
