import { globSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import ts from "typescript";

export interface SourceFile {
  /** Path from the root of the project. */
  readonly path: string;
  readonly text: string;
  /** Every module specifier: static, type-only and dynamic imports and re-exports. */
  readonly specifiers: readonly string[];
}

const root = join(import.meta.dirname, "..", "..");

/**
 * Reads the TypeScript files under some top-level folders; a folder that is not there has none.
 *
 * @param folders names from the root of the project
 */
export function readSources(folders: readonly string[]): SourceFile[] {
  const patterns = folders.map((folder) => `${folder}/**/*.ts`);
  return globSync(patterns, { cwd: root }).sort().map(readSource);
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(root, path), "utf8");
  const { importedFiles } = ts.preProcessFile(text, true, true);
  return { path, text, specifiers: importedFiles.map((file) => file.fileName) };
}

/** The files of the project that a file imports, as paths from the root. */
export function localImports({ path, specifiers }: SourceFile): string[] {
  return specifiers
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => posix.join(posix.dirname(path), specifier));
}

/** Whether a file uses a name, as an identifier or as a string of its own; comments do not count. */
export function mentions({ path, text }: SourceFile, name: string): boolean {
  if (!text.includes(name)) return false;
  const visit = (node: ts.Node): boolean =>
    ((ts.isIdentifier(node) || ts.isStringLiteralLike(node)) && node.text === name) ||
    ts.forEachChild(node, visit) === true;
  return visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
}
