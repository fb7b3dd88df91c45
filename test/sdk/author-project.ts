import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";

/** A folder of plugins as an author has it, with Sluice installed beside them. */
export interface AuthorProject {
  /** What the compiler has against a file: `LINE:COLUMN CODE MESSAGE`, the first line of each message. */
  problems(file: string): readonly string[];
  /** All problems, of the installed declarations and of the options too. */
  allProblems(): readonly string[];
  remove(): void;
}

/**
 * Installs the SDK's declarations in a temporary folder, writes the files and has the real compiler check
 * them.
 *
 * @param files texts by name
 * @param config tsconfig.json; what the documentation tells authors to write unless given
 */
export function createAuthorProject(
  files: Readonly<Record<string, string>>,
  config: object = { extends: "sluice/tsconfig.plugin.json" },
): AuthorProject {
  const folder = mkdtempSync(join(tmpdir(), "sluice-author-"));
  installSdk(join(folder, "node_modules", "sluice"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const { program, configProblems } = openProgram(folder);
  return {
    problems(name) {
      const source = program.getSourceFile(join(folder, name));
      if (source === undefined) throw new Error(`${name} is no part of the program`);
      const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
      return found.map(describe);
    },
    allProblems: () => [...configProblems, ...ts.getPreEmitDiagnostics(program)].map(describe),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** As the package has it: declarations, and the sources of what is built in. */
function installSdk(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const exports = {
    "./plugins/*": "./plugins/*/index.ts",
    "./sdk": { types: "./sdk/index.d.ts", default: "./sdk/index.js" },
    "./tsconfig.plugin.json": "./sdk/tsconfig.plugin.json",
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "sluice", type: "module", exports }));
  const { options } = readConfig("tsconfig.build.json");
  const program = ts.createProgram(["sdk/index.ts"], { ...options, rootDir: ".", outDir: folder });
  program.emit();
  cpSync("plugins", join(folder, "plugins"), { recursive: true });
  for (const name of ["guest.d.ts", "tsconfig.plugin.json"])
    cpSync(join("sdk", name), join(folder, "sdk", name));
}

function openProgram(folder: string): { program: ts.Program; configProblems: readonly ts.Diagnostic[] } {
  const { fileNames, options, errors } = readConfig(join(folder, "tsconfig.json"));
  return { program: ts.createProgram(fileNames, options), configProblems: errors };
}

function readConfig(path: string): ts.ParsedCommandLine {
  const onUnRecoverableConfigFileDiagnostic = (problem: ts.Diagnostic) => {
    throw new Error(describe(problem));
  };
  return ts.getParsedCommandLineOfConfigFile(path, {}, { ...ts.sys, onUnRecoverableConfigFileDiagnostic })!;
}

function describe({ file, start, code, messageText }: ts.Diagnostic): string {
  const [message = ""] = ts.flattenDiagnosticMessageText(messageText, "\n").split("\n");
  if (file === undefined || start === undefined) return `TS${code} ${message}`;
  const { line, character } = file.getLineAndCharacterOfPosition(start);
  return `${line + 1}:${character + 1} TS${code} ${message}`;
}
