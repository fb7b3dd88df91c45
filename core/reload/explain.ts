import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Location, Message } from "esbuild";
import { frameAt } from "../observe/code-frame.ts";
import { hostModuleFault } from "./plugin-imports.ts";
import { isForeignData } from "./plugin-loads.ts";
import { type PluginSource, shownPath, systemPath } from "./plugin-source.ts";
import type { PluginProblem } from "./problem.ts";

/** More problems than this help nobody. */
const mostProblems = 20;

const unquoted = "the text here is wrong, and not shown: it lies outside of the plugin's folder";

/** What esbuild found, in the author's terms and places. */
export async function explain(
  source: PluginSource,
  messages: readonly Message[],
): Promise<readonly PluginProblem[]> {
  return Promise.all(messages.slice(0, mostProblems).map((message) => explainOne(source, message)));
}

async function explainOne(source: PluginSource, { text, location }: Message): Promise<PluginProblem> {
  const message = inOurTerms(text);
  if (location === null)
    return { file: shownPath(source, source.entry), line: 1, column: 1, message, frame: "" };
  const { file, line, lineText } = location;
  const column = codeUnits(lineText, location.column) + 1;
  // As with a package.json that is a link: esbuild quotes it, though a plugin could not import it.
  if (await isForeignData(source, systemPath(source, file)).catch(() => true))
    return { file: shownPath(source, file), line, column, message: unquoted, frame: "" };
  const frame = frameAt(await sourceOf(source, location), line, column);
  return { file: shownPath(source, file), line, column, message, frame };
}

/** Absolute paths of the files that the problems are in, and of those that they miss. */
export function filesConcerned(source: PluginSource, messages: readonly Message[]): readonly string[] {
  return messages.slice(0, mostProblems).flatMap(({ text, location }) => {
    if (location === null) return [];
    const file = systemPath(source, location.file);
    const missing = /^Could not resolve "(\.[^"]*)"/.exec(text)?.[1];
    return missing === undefined ? [file] : [file, resolve(dirname(file), missing)];
  });
}

function inOurTerms(text: string): string {
  const missing = /^Could not resolve "([^"]*)"/.exec(text)?.[1];
  if (missing !== undefined) return hostModuleFault(missing) ?? `cannot find "${missing}"`;
  if (text.startsWith("Top-level await"))
    return "a plugin has no top-level await: use setup(), which may be async";
  return text;
}

/** esbuild counts bytes of UTF-8, editors count UTF-16 code units. */
function codeUnits(text: string, bytes: number): number {
  return Buffer.from(text).subarray(0, bytes).toString().length;
}

/** The whole text when it still is the one that esbuild saw; else its one line, at its place. */
async function sourceOf(source: PluginSource, { file, line, lineText }: Location): Promise<string> {
  const alone = "\n".repeat(line - 1) + lineText;
  try {
    const text = await readFile(systemPath(source, file), "utf8");
    return text.split("\n", line)[line - 1]?.replace(/\r$/, "") === lineText ? text : alone;
  } catch {
    return alone;
  }
}
