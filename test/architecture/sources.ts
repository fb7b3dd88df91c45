import { globSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import ts from "typescript";

export interface SourceFile {
  /** Path from the root of the project. */
  readonly path: string;
  /** Every module specifier: static, type-only and dynamic imports and re-exports. */
  readonly specifiers: readonly string[];
  readonly syntax: ts.SourceFile;
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
  return {
    path,
    specifiers: importedFiles.map((file) => file.fileName),
    syntax: ts.createSourceFile(path, text, ts.ScriptTarget.Latest),
  };
}

/** The files of the project that a file imports in any way, as paths from the root. */
export function localImports({ path, specifiers }: SourceFile): string[] {
  return localFiles(path, specifiers);
}

/** The files that a runtime loads before it evaluates this one: type-only imports are erased. */
export function loadedImports({ path, syntax }: SourceFile): string[] {
  const specifiers = syntax.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return [];
    const { moduleSpecifier } = statement;
    const isLoaded = moduleSpecifier && ts.isStringLiteral(moduleSpecifier) && !isTypeOnly(statement);
    return isLoaded ? [moduleSpecifier.text] : [];
  });
  return localFiles(path, specifiers);
}

/** Whether a file uses a name, as an identifier or as a string of its own; comments do not count. */
export function mentions({ syntax }: SourceFile, name: string): boolean {
  const visit = (node: ts.Node): boolean =>
    ((ts.isIdentifier(node) || ts.isStringLiteralLike(node)) && node.text === name) ||
    ts.forEachChild(node, visit) === true;
  return visit(syntax);
}

function isTypeOnly(statement: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(statement)) return statement.isTypeOnly;
  return statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}

function localFiles(importer: string, specifiers: readonly string[]): string[] {
  return specifiers
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => posix.join(posix.dirname(importer), specifier));
}
