import { asMap, asText, type JsonMap } from "../json-value.ts";
import { SourceProblem } from "../source-problem.ts";

/** One change of a watch. */
export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: JsonMap;
}

const types = new Set(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]);

/** Bytes of one event. A slice of 1000 endpoints takes less than 1 MiB. */
const longestLine = 4 * 1024 * 1024;

/**
 * The events of a watch, one JSON text a line, those that came together in one list
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes).
 *
 * @throws SourceProblem when a line is none, or too long
 */
export async function* readEvents(chunks: AsyncIterable<Buffer>): AsyncGenerator<WatchEvent[]> {
  let begun: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const events: WatchEvent[] = [];
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      begun.push(chunk.subarray(start, end));
      const line = Buffer.concat(begun).toString("utf8").trim();
      if (line !== "") events.push(readEvent(line));
      begun = [];
      length = 0;
      start = end + 1;
    }
    if (start < chunk.length) begun.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > longestLine) {
      throw new SourceProblem("too-large", `an event of the watch is longer than ${longestLine} bytes`);
    }
    if (events.length > 0) yield events;
  }
}

/** Of an object: where a watch goes on after it. */
export function versionOf(object: JsonMap): string | null {
  return asText(asMap(object["metadata"])["resourceVersion"]);
}

/** Of an object: its name, which is unique in the namespace. */
export function nameOf(object: JsonMap): string | null {
  return asText(asMap(object["metadata"])["name"]);
}

function readEvent(line: string): WatchEvent {
  let value: JsonMap = {};
  try {
    value = asMap(JSON.parse(line));
  } catch {
    // What it is instead is told below.
  }
  const { type, object } = value;
  if (typeof type !== "string" || !types.has(type) || object === undefined) {
    throw new SourceProblem("malformed", "an event of the watch does not read");
  }
  return { type: type as WatchEvent["type"], object: asMap(object) };
}
