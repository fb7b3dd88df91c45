import { posix } from "node:path";
import { frameAt } from "../observe/code-frame.ts";
import type { PluginCode, PolicyBundle } from "../policy/bundle.ts";
import type { LoadSubject, PluginLoadError } from "../policy/load-error.ts";
import type { PluginProblem } from "../reload/problem.ts";

/** Where a plugin's text says something about the subject. */
const places: Readonly<Record<LoadSubject & string, RegExp>> = {
  export: /\bexport\s+default\b/,
  setup: /\bsetup\s*[(:]/,
  config: /\bconfig\s*[,:]/,
  capabilities: /\bcapabilities\s*[,:]/,
  limits: /\blimits\s*[,:]/,
  onFailure: /\bonFailure\s*[,:]/,
};

/**
 * What keeps a plugin from being used, in its author's file: at the position that the error has, or else
 * where the text first speaks of what is wrong.
 *
 * @returns null when the bundle has no such plugin
 */
export function loadProblem(error: PluginLoadError, bundle: PolicyBundle | null): PluginProblem | null {
  const { message, position, subject } = error;
  if (position !== null) {
    const { file, line, column, source } = position;
    return { file, line, column, message, frame: frameAt(source ?? "", line, column) };
  }
  const code = bundle?.plugins.find(({ name }) => name === error.plugin);
  if (code === undefined || (code.builtIn && isOperators(subject))) return null;
  const text = entryText(code);
  const { line, column } = placeOf(text, subject);
  return {
    file: code.file,
    line,
    column,
    message,
    frame: subject === null ? "" : frameAt(text, line, column),
  };
}

/** What is built in is right: the operator's file is where to look. */
function isOperators(subject: LoadSubject | null): boolean {
  return subject === "config" || subject === "capabilities";
}

function placeOf(text: string, subject: LoadSubject | null): { line: number; column: number } {
  const pattern = subject === null ? null : patternOf(subject);
  const lines = pattern === null ? [] : text.split("\n");
  for (const [index, line] of lines.entries()) {
    const found = isComment(line) ? -1 : line.search(pattern!);
    if (found >= 0) return { line: index + 1, column: found + 1 };
  }
  return subject === null || subject === "export" ? { line: 1, column: 1 } : placeOf(text, "export");
}

function patternOf(subject: LoadSubject): RegExp {
  if (typeof subject === "string") return places[subject];
  const { member } = subject;
  // A guest has named it.
  return /^\w{1,64}$/.test(member) ? new RegExp(`\\b${member}\\s*[,:(]`) : places.export;
}

function isComment(line: string): boolean {
  return /^\s*(\/\/|\/?\*)/.test(line);
}

/** The author's text of the module that the plugin starts from. */
function entryText({ map, file, folder }: PluginCode): string {
  const { sources, sourceRoot, sourcesContent } = JSON.parse(map) as {
    sources: readonly string[];
    sourceRoot?: string;
    sourcesContent?: readonly (string | null)[];
  };
  const wanted = posix.normalize(file);
  const whole = (source: string) => posix.join(folder, sourceRoot ?? "", source);
  let index = sources.findIndex((source) => whole(source) === wanted);
  if (index < 0) index = sources.findIndex((source) => posix.basename(source) === posix.basename(wanted));
  return sourcesContent?.[index] ?? "";
}
