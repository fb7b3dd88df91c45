import type { Diagnostic, Identifier, Node, Program, SourceFile, Symbol as TsSymbol } from "typescript";

/** What the library of the language declares in one piece with the language, and no guest has. */
const absent = new Set(["Intl"]);
/** Of TypeScript's own "Cannot find name". */
const code = 2304;

/** Uses of such names, except as types: the compiler finds nothing wrong with them. */
export function absentGlobals(
  ts: typeof import("typescript"),
  program: Program,
  file: SourceFile,
): readonly Diagnostic[] {
  const checker = program.getTypeChecker();
  const found: Diagnostic[] = [];
  const visit = (node: Node): void => {
    if (ts.isIdentifier(node) && absent.has(node.text) && isValue(node)) found.push(problem(node));
    ts.forEachChild(node, visit);
  };
  const isValue = (node: Identifier) =>
    !ts.isQualifiedName(node.parent) && isOfLibrary(checker.getSymbolAtLocation(node));
  const isOfLibrary = (symbol: TsSymbol | undefined) =>
    symbol?.declarations?.every((one) => program.isSourceFileDefaultLibrary(one.getSourceFile())) ?? false;
  const problem = (node: Identifier): Diagnostic => ({
    category: ts.DiagnosticCategory.Error,
    ...{ code, file, start: node.getStart(file), length: node.getWidth(file) },
    messageText: `Cannot use '${node.text}': a plugin does not have it, on any engine`,
  });
  visit(file);
  return found;
}
