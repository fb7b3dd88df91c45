import type { StackMapper } from "./stack-trace.ts";

const runtimeScript = "sluice:runtime";
/** What is nested deeper in fields stays as it is. */
const deepest = 32;

/** What divides a frame from the text before it; the line feed is an escaped one in a text that is shown in quotes. */
const gap = String.raw`(?:(?:^|\n|\\n)[ \t]*|[\s"':=(])`;
const position = String.raw`:\d{1,9}:\d{1,9}`;
const place = String.raw`\((?:[^()\n]|\([^()\n]{0,300}\)){0,600}(?:${position}|<anonymous>|native)\)`;
const frame = String.raw`at (?:(?:[^()\n\\]{1,300} )?${place}|(?:async )?[^\s()"]{1,600}${position})`;
const frames = new RegExp(`(${gap})(${frame})`, "g");
const traces = new RegExp(`(?:${gap}${frame})+`, "g");

/** Translates what a plugin logs. */
export interface LoggedText {
  text(text: string): string;
  /** @param json the fields as JSON */
  fields(fields: object, json: string): object;
}

/**
 * Tells the stack traces in a text, wherever they stand in it, in the author's files and without frames of the runtime
 * and of the host. Everything else stays as it is, also the traces of other programs.
 *
 * @param script name of the plugin's script in stack traces
 * @example
 * const logged = loggedText(mapStack, "sluice:plugin/tenant");
 * logged.text("late: Error: x\n    at f (sluice:plugin/tenant:31:9)\n    at dispatch (sluice:runtime:3:4)");
 * // "late: Error: x\n    at f (plugins/10-tenant.ts:7:5)"
 */
export function loggedText(mapStack: StackMapper, script: string): LoggedText {
  const isOurs = (text: string) => text.includes(`${script}:`) || text.includes(`${runtimeScript}:`);
  const mapFrame = (_whole: string, before: string, text: string) => {
    const mapped = mapStack(text).text.trimStart();
    if (mapped !== "") return before + mapped;
    return before.length === 1 && before !== "\n" ? before : "";
  };
  const mapTrace = (trace: string) => (isOurs(trace) ? trace.replace(frames, mapFrame) : trace);
  const mapText = (text: string) => (isOurs(text) ? text.replace(traces, mapTrace) : text);
  return {
    text: mapText,
    fields: (fields, json) => (isOurs(json) ? (mapStrings(fields, mapText, 0) as object) : fields),
  };
}

function mapStrings(value: unknown, map: (text: string) => string, depth: number): unknown {
  if (typeof value === "string") return map(value);
  if (typeof value !== "object" || value === null || depth === deepest) return value;
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, map, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, mapStrings(item, map, depth + 1)]),
  );
}
