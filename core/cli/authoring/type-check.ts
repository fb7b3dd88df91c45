import { readFileSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import type { CompilerOptions, Diagnostic, Program } from "typescript";
import { frameAt } from "../../observe/code-frame.ts";
import type { PluginProblem } from "../../reload/problem.ts";
import { absentGlobals } from "./absent-globals.ts";
import { sdkFiles } from "./sdk-files.ts";

type TypeScript = typeof import("typescript");

/** More problems than this help nobody. */
const mostProblems = 50;

/**
 * What TypeScript has against plugins. The rules are those of `sluice/tsconfig.plugin.json` and the types those of this
 * installation, as for compiling: an author's own tsconfig has no say.
 *
 * @param files of plugins, as they are to be named
 */
export async function typeCheck(files: readonly string[]): Promise<readonly PluginProblem[]> {
  if (files.length === 0) return [];
  const { default: ts } = await import("typescript");
  const program = ts.createProgram({
    rootNames: [sdkFiles.globals, ...files.map((file) => resolve(file))],
    options: compilerOptions(ts),
  });
  const diagnostics = authorsFiles(program).flatMap((source) => [
    ...program.getSyntacticDiagnostics(source),
    ...program.getSemanticDiagnostics(source),
    ...absentGlobals(ts, program, source),
  ]);
  const names = new Map(files.map((file) => [resolve(file), file]));
  return diagnostics.slice(0, mostProblems).map((diagnostic) => problemOf(ts, diagnostic, names));
}

function compilerOptions(ts: TypeScript): CompilerOptions {
  const file = ts.readConfigFile(sdkFiles.tsconfig, (path) => readFileSync(path, "utf8"));
  // The folder's files are named one by one: whether the pattern of the file finds any does not matter.
  const { options } = ts.parseJsonConfigFileContent(file.config, ts.sys, dirname(sdkFiles.tsconfig));
  return { ...options, paths: { "sluice/sdk": [sdkFiles.sdk] } };
}

/** What packages and the SDK have wrong is not the author's to correct. */
function authorsFiles(program: Program) {
  return program.getSourceFiles().filter(({ fileName, isDeclarationFile }) => {
    const isSdk = !relative(dirname(sdkFiles.sdk), fileName).startsWith("..");
    return !isDeclarationFile && !isSdk && !fileName.includes("/node_modules/");
  });
}

function problemOf(
  ts: TypeScript,
  { file, start = 0, messageText }: Diagnostic,
  names: ReadonlyMap<string, string>,
): PluginProblem {
  const message = inOurTerms(ts.flattenDiagnosticMessageText(messageText, "\n"));
  const { line, character } = file!.getLineAndCharacterOfPosition(start);
  const place = { line: line + 1, column: character + 1 };
  return {
    file: shownName(file!.fileName, names),
    ...place,
    message,
    frame: frameAt(file!.text, place.line, place.column),
  };
}

/** TypeScript advises to install types for what a plugin does not have. */
function inOurTerms(message: string): string {
  const [found, name] = /^(Cannot find name '[^']*')\. Do you need to/.exec(message) ?? [];
  return found === undefined ? message.replaceAll(/\n\s*/g, ": ") : `${name}: a plugin has the Web's globals`;
}

function shownName(path: string, names: ReadonlyMap<string, string>): string {
  const fromHere = relative("", path);
  return names.get(path) ?? (fromHere.startsWith("..") || isAbsolute(fromHere) ? path : fromHere);
}
