/** Reads the files in cases/; the README there explains their notation. */
import { Buffer } from "node:buffer";
import { readdirSync, readFileSync } from "node:fs";
import { defaultLimits } from "../../core/config/defaults.ts";
import type { Limits } from "../../core/config/model.ts";
import { escapeBytes, unescapeBytes } from "./escapes.ts";
import type { Direction } from "./replay.ts";

export interface WireCase {
  readonly title: string;
  readonly direction: Direction;
  readonly input: Buffer;
  /** Whether the peer closes after the input. */
  readonly closes: boolean;
  readonly limits: Limits;
  /** Methods of the requests that the responses answer. */
  readonly answers: readonly string[];
  readonly log: readonly string[];
}

export interface CaseFile {
  readonly name: string;
  readonly cases: readonly WireCase[];
}

const folder = new URL("./cases/", import.meta.url);

/** @throws Error when a file does not keep to the notation */
export function loadCaseFiles(): CaseFile[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".txt"));
  return names
    .sort()
    .map((name) => ({ name, cases: parseCases(readFileSync(new URL(name, folder), "utf8")) }));
}

function parseCases(text: string): WireCase[] {
  const [, ...sections] = text.split(/^== /m);
  return sections.map((section) => {
    const [title, ...lines] = section.split("\n");
    return parseCase(title!, lines);
  });
}

const logLine = /^(head|path|query|authority|field|body|trailer|end|tunnel|refused)\b/;

function parseCase(title: string, lines: string[]): WireCase {
  let direction: Direction | null = null;
  let input = "";
  let closes = false;
  let limits = defaultLimits;
  let answers: string[] = [];
  const log: string[] = [];
  for (const line of lines) {
    if (line.endsWith(" ")) throw new Error(`Cannot read case "${title}": a line ends in a space`);
    if (line === "" || line.startsWith("#")) continue;
    else if (line.startsWith(">") || line.startsWith("<")) {
      direction = line.startsWith(">") ? "request" : "response";
      input += unescapeBytes(line.slice(2));
    } else if (line === "close") closes = true;
    else if (line.startsWith("limits ")) limits = { ...defaultLimits, ...parseLimits(line) };
    else if (line.startsWith("answers ")) answers = line.split(" ").slice(1);
    else if (logLine.test(line)) log.push(escapeBytes(unescapeBytes(line)));
    else throw new Error(`Cannot read case "${title}": found ${line}`);
  }
  if (direction === null) throw new Error(`Cannot read case "${title}": no bytes`);
  return { title, direction, input: Buffer.from(input, "latin1"), closes, limits, answers, log };
}

function parseLimits(line: string): Partial<Limits> {
  const settings = line.split(" ").slice(1);
  return Object.fromEntries(
    settings.map((setting) => setting.split("=")).map(([name, value]) => [name, Number(value)]),
  );
}
