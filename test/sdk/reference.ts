/** Node only: reads the declarations with the compiler of TypeScript. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";

/** Where the reference stands. */
export const referenceFile = "sdk/REFERENCE.md";

const modules = [
  { name: "sluice/sdk", entry: "sdk/index.ts" },
  { name: "sluice/testing", entry: "core/testing/index.ts" },
] as const;

/** What is shown first; the rest follows by name. */
const first = ["definePlugin", "Plugin", "PluginRequest", "PluginResponse", "Context", "testGateway"];

type Declared = ts.InterfaceDeclaration | ts.TypeAliasDeclaration | ts.FunctionDeclaration;

/** The text of the reference, made from the comments of what authors import. */
export function renderReference(): string {
  const sections = modules.map(({ name, entry }) => {
    const names = exportsOf(entry).sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
    return [
      `## ${name}`,
      ...names.map(({ file, name }) => renderDeclaration(declarationOf(file, name))),
    ].join("\n\n");
  });
  const head =
    "# Reference\n\nMade from the comments of the source by `npm run docs`; [README.md](README.md) teaches.";
  return `${[head, ...sections].join("\n\n")}\n`;
}

function rank(name: string): number {
  const place = first.indexOf(name);
  return place < 0 ? first.length : place;
}

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
}

/** The names that a module exports from others, with the files they come from. */
function exportsOf(entry: string): { file: string; name: string }[] {
  return parse(entry)
    .statements.filter(ts.isExportDeclaration)
    .flatMap(({ exportClause, moduleSpecifier }) => {
      const file = join(dirname(entry), (moduleSpecifier as ts.StringLiteral).text);
      const { elements } = exportClause as ts.NamedExports;
      return elements.map(({ name }) => ({ file, name: name.text }));
    });
}

function declarationOf(file: string, name: string): Declared {
  const found = parse(file).statements.find(
    (statement): statement is Declared =>
      (ts.isInterfaceDeclaration(statement) ||
        ts.isTypeAliasDeclaration(statement) ||
        ts.isFunctionDeclaration(statement)) &&
      statement.name?.text === name,
  );
  if (found === undefined) throw new Error(`Cannot find ${name} in ${file}`);
  return found;
}

function renderDeclaration(node: Declared): string {
  const parts = [`### ${node.name!.text}`, ...docParts(node)];
  if (ts.isInterfaceDeclaration(node)) parts.push(...node.members.map(renderMember));
  else parts.push(code(withoutBody(node)));
  return parts.join("\n\n");
}

/** The comment of a declaration as paragraphs and examples. */
function docParts(node: ts.Node): string[] {
  const parts: string[] = [];
  for (const doc of ts.getJSDocCommentsAndTags(node)) {
    if (!ts.isJSDoc(doc)) continue;
    const text = ts.getTextOfJSDocComment(doc.comment);
    if (text) parts.push(text);
    for (const tag of doc.tags ?? []) {
      const said = ts.getTextOfJSDocComment(tag.comment) ?? "";
      if (tag.tagName.text === "example") parts.push(code(said));
      else if (ts.isJSDocParameterTag(tag))
        parts.push(`\`${tag.name.getText()}\`: ${said.replace(/^- /, "")}`);
      else if (tag.tagName.text === "throws")
        parts.push(
          `Throws ${tag
            .getText()
            .replace(/^@throws\s+/, "")
            .replace(/\n\s*\*/g, " ")
            .trim()}.`,
        );
    }
  }
  return parts;
}

function renderMember(member: ts.TypeElement): string {
  const signature = member
    .getText()
    .replace(/^readonly /, "")
    .replace(/;$/, "")
    .replace(/\s+/g, " ");
  const isReadonly =
    ts.canHaveModifiers(member) &&
    ts.getModifiers(member)?.some(({ kind }) => kind === ts.SyntaxKind.ReadonlyKeyword);
  const mark = isReadonly || ts.isMethodSignature(member) ? "" : " (assignable)";
  const [text = "", ...others] = docParts(member);
  const item = `\`${signature.replace("( ", "(").replace(", )", ")")}\`${mark}${text === "" ? "" : `: ${text}`}`;
  return `- ${indented([item, ...others].join("\n\n"))}`;
}

/** As the further lines of an item of a list. */
function indented(text: string): string {
  return text.replace(/\n(?=.)/g, "\n  ");
}

function withoutBody(node: Declared): string {
  const text = node.getText();
  const body =
    ts.isFunctionDeclaration(node) && node.body ? text.length - node.body.getText().length : text.length;
  return text
    .slice(0, body)
    .replace(/^export /, "")
    .replace(/^\s*\/\/ biome-ignore.*\n/gm, "")
    .trim();
}

function code(text: string): string {
  return `\`\`\`ts\n${text.trim()}\n\`\`\``;
}
