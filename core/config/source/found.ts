import { hideUserInfo } from "./hide-user-info.ts";

/** Longer texts are cut, so that a message stays one line. */
const shown = 60;

/** A value as the end of a message shows it: `found …`. */
export function describeFound(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return Object.keys(value).length === 0 ? "an empty map" : "a map";
  if (typeof value !== "string") return String(value);
  const safe = hideUserInfo(value);
  return JSON.stringify(safe.length > shown ? `${safe.slice(0, shown)}…` : safe);
}
