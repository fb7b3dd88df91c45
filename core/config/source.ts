import {
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  visit,
  type YAMLMap,
} from "yaml";
import { describeFound } from "./found.ts";
import type { ConfigProblem } from "./problem.ts";
import { looksSecret } from "./secret-names.ts";
import { substitute } from "./substitute.ts";
import type { Path } from "./value-path.ts";

/** A file of ten thousand routes is a fifth of this. */
const maxFileCharacters = 4 * 1024 * 1024;

/** Values that aliases may stand for, all together; each one can double what follows it. */
const maxAliases = 1000;

const tooManyAliases = `expected aliases that stand for at most ${maxAliases} values, found more`;

/** The text of a config file as YAML 1.2, with the place of every value in it. */
export class ConfigSource {
  readonly problems: ConfigProblem[] = [];
  /** What variables that look secret stood for. */
  readonly secrets = new Set<string>();
  /** False when the text is not YAML: nothing can be said about its values. */
  readonly readable: boolean;
  /** Name of the file, as given. */
  readonly file: string;
  #hasLooseAlias = false;
  readonly #faulty: Path[] = [];
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed;
  /** Scalars that hold variables: whether a value may be shown, and whether there is one. */
  readonly #substituted = new Map<Scalar, "open" | "secret" | "broken">();

  constructor(file: string, text: string, env: NodeJS.ProcessEnv) {
    this.file = file;
    const bounded = text.length <= maxFileCharacters;
    this.#document = parseDocument(bounded ? text : "", {
      lineCounter: this.#lines,
      prettyErrors: false,
      stringKeys: true,
      resolveKnownTags: false,
    });
    if (!bounded)
      this.#problemAt(0, `expected at most ${maxFileCharacters} characters, found ${text.length}`);
    const faults = [...this.#document.errors, ...this.#document.warnings];
    for (const { pos, code, message } of faults) this.#problemAt(pos[0], syntaxMessage(code, message));
    this.readable = bounded && faults.every(({ code }) => code === "DUPLICATE_KEY");
    if (this.readable) this.#fillInVariables(env);
  }

  /**
   * The values, with variables filled in as text.
   *
   * @returns null when aliases stand for nothing or for too much, which is reported
   */
  toValue(): unknown {
    try {
      return this.#document.toJS({ maxAliasCount: maxAliases }) ?? {};
    } catch (error) {
      if (!(error instanceof ReferenceError)) throw error;
      if (!this.#hasLooseAlias) this.#problemAt(0, tooManyAliases);
      return null;
    }
  }

  /** Adds a problem with a value, or with the closest one around it that the file holds. */
  report(path: Path, message: string, kind: ConfigProblem["kind"] = "invalid"): void {
    this.#faulty.push(path);
    this.#problemAt(this.#node(path)?.range?.[0] ?? this.#offsetOf(path.slice(0, -1)), message, kind);
  }

  /** Adds a problem with a key. */
  reportKey(path: Path, message: string): void {
    this.#faulty.push(path);
    const map = this.#node(path.slice(0, -1));
    const key = isMap(map) ? pairOf(map, path.at(-1)!)?.key : null;
    this.#problemAt((key as Node | null)?.range?.[0] ?? this.#offsetOf(path), message);
  }

  /** Adds `expected …, found …` with what the file says there, unless that came from a secret variable. */
  expect(path: Path, expected: string, found: unknown): void {
    const variable = this.#variableAt(path);
    // The value that is missing has been reported already.
    if (variable === "broken") return;
    const secret = variable === "secret";
    this.report(
      path,
      `expected ${expected}, found ${secret ? "a secret that is not shown" : describeFound(found)}`,
    );
  }

  /** Whether anything was reported about a value or a part of it. */
  isFaulty(path: Path): boolean {
    return this.#faulty.some((place) => path.every((key, depth) => String(place[depth]) === String(key)));
  }

  /** Whether the value holds a variable: its text may then be meant as a number or a switch. */
  isSubstituted(path: Path): boolean {
    return this.#variableAt(path) !== null;
  }

  #fillInVariables(env: NodeJS.ProcessEnv): void {
    visit(this.#document, {
      Pair: (_, pair) => {
        if (!isScalar(pair.value)) return;
        this.#fillIn(pair.value, env, isScalar(pair.key) && looksSecret(String(pair.key.value)));
      },
      Scalar: (key, scalar) => {
        if (typeof key === "number") this.#fillIn(scalar, env, false);
      },
      Alias: (_, alias) => {
        if (alias.resolve(this.#document) !== undefined) return;
        this.#hasLooseAlias = true;
        this.#problemAt(alias.range?.[0] ?? 0, `expected an anchor before its alias, found *${alias.source}`);
      },
    });
  }

  #fillIn(scalar: Scalar, env: NodeJS.ProcessEnv, secretKey: boolean): void {
    if (typeof scalar.value !== "string" || !scalar.value.includes("${")) return;
    const { text, variables, problems } = substitute(scalar.value, env);
    const secrets = variables.filter(({ name }) => secretKey || looksSecret(name));
    for (const { value } of secrets) if (value !== "") this.secrets.add(value);
    if (problems.length > 0) this.#substituted.set(scalar, "broken");
    else if (variables.length > 0) this.#substituted.set(scalar, secrets.length > 0 ? "secret" : "open");
    for (const message of problems) this.#problemAt(scalar.range?.[0] ?? 0, message);
    scalar.value = text;
  }

  #variableAt(path: Path): "open" | "secret" | "broken" | null {
    const node = this.#node(path);
    const scalar = isAlias(node) ? node.resolve(this.#document) : node;
    return (isScalar(scalar) && this.#substituted.get(scalar)) || null;
  }

  #node(path: Path): Node | null {
    let node: unknown = this.#document.contents;
    for (const key of path) {
      if (isAlias(node)) node = node.resolve(this.#document);
      if (isMap(node)) node = pairOf(node, key)?.value;
      else if (isSeq(node)) node = node.items[Number(key)];
      else return null;
    }
    return (node ?? null) as Node | null;
  }

  #offsetOf(path: Path): number {
    for (let length = path.length; length >= 0; length--) {
      const offset = this.#node(path.slice(0, length))?.range?.[0];
      if (offset !== undefined) return offset;
    }
    return 0;
  }

  #problemAt(offset: number, message: string, kind: ConfigProblem["kind"] = "invalid"): void {
    const { line, col } = this.#lines.linePos(offset);
    this.problems.push({ file: this.file, line: Math.max(1, line), column: Math.max(1, col), message, kind });
  }
}

function pairOf(map: YAMLMap, key: string | number) {
  return map.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(key));
}

function syntaxMessage(code: ErrorCode, message: string): string {
  if (code === "DUPLICATE_KEY") return "expected each key once, found it again";
  if (code === "MULTIPLE_DOCS") return "expected one document, found another one";
  const firstLine = message.split("\n", 1)[0]!;
  return `expected YAML, found a syntax error: ${firstLine}`;
}
