import { type Document, isAlias, isScalar, LineCounter, visit } from "yaml";
import type { ConfigProblem } from "../problem.ts";
import { describeFound } from "./found.ts";
import type { Path } from "./value-path.ts";
import { type FilledIn, fillInVariables, type VariableKind } from "./variables.ts";
import { keyNodeAt, nodeAt, parseYaml } from "./yaml-text.ts";

/** Values that aliases may stand for, all together; each level of aliases can multiply the one before. */
const maxAliases = 1000;

/** A config file: its values, the place of each in the text, and what is wrong with them. */
export class ConfigSource {
  /** Name of the file, as given. */
  readonly file: string;
  readonly problems: ConfigProblem[] = [];
  /** The values with variables filled in as text; null when the text cannot be read, which is reported. */
  readonly value: unknown;
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed;
  readonly #variables: FilledIn;
  readonly #faultyPaths: Path[] = [];

  constructor(file: string, text: string, env: NodeJS.ProcessEnv) {
    this.file = file;
    const { document, faults, usable } = parseYaml(text, this.#lines);
    this.#document = document;
    this.#variables = fillInVariables(document, env, file);
    const allFaults = usable ? [...faults, ...this.#variables.faults] : faults;
    for (const { offset, message } of allFaults) this.#add(offset, message);
    this.value = usable && this.#aliasesResolve() ? this.#toValue() : null;
  }

  /** What secret variables stood for. */
  get secrets(): ReadonlySet<string> {
    return this.#variables.secrets;
  }

  /** Adds a problem with a value, or with the closest one around it that the file holds. */
  report(path: Path, message: string, kind: ConfigProblem["kind"] = "invalid"): void {
    this.#faultyPaths.push(path);
    this.#add(this.#offsetOf(path), message, kind);
  }

  /** Adds a problem with a key. */
  reportKey(path: Path, message: string): void {
    this.#faultyPaths.push(path);
    this.#add(keyNodeAt(this.#document, path)?.range?.[0] ?? this.#offsetOf(path), message);
  }

  /**
   * Adds `expected …, found …`. A value that came from a secret variable is not shown, and one whose variable
   * is missing has been reported already.
   */
  expect(path: Path, expected: string, found: unknown, hint = ""): void {
    const kind = this.#variableAt(path);
    if (kind === "missing") return;
    const shown = kind === "secret" ? "a secret that is not shown" : `${describeFound(found)}${hint}`;
    this.report(path, `expected ${expected}, found ${shown}`);
  }

  /** Whether anything was reported about a value or a part of it. */
  isFaulty(path: Path): boolean {
    return this.#faultyPaths.some((faulty) =>
      path.every((key, depth) => String(faulty[depth]) === String(key)),
    );
  }

  /** Whether the value holds a variable: its text may then be meant as a number or a switch. */
  isVariable(path: Path): boolean {
    return this.#variableAt(path) !== null;
  }

  /** Where an entry of a list, or a key with its value, begins, 1-based; null: the file does not hold it. */
  placeOf(path: Path): { readonly line: number; readonly column: number } | null {
    const node = keyNodeAt(this.#document, path) ?? nodeAt(this.#document, path);
    const offset = node?.range?.[0];
    if (offset === undefined) return null;
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  #aliasesResolve(): boolean {
    let resolve = true;
    visit(this.#document, {
      Alias: (_, alias) => {
        if (alias.resolve(this.#document) !== undefined) return;
        resolve = false;
        this.#add(alias.range?.[0] ?? 0, `expected an anchor before its alias, found *${alias.source}`);
      },
    });
    return resolve;
  }

  #toValue(): unknown {
    try {
      return this.#document.toJS({ maxAliasCount: maxAliases }) ?? {};
    } catch (error) {
      if (!(error instanceof ReferenceError)) throw error;
      this.#add(0, `expected aliases that stand for at most ${maxAliases} values, found more`);
      return null;
    }
  }

  #variableAt(path: Path): VariableKind | null {
    const node = nodeAt(this.#document, path);
    const scalar = isAlias(node) ? node.resolve(this.#document) : node;
    return (isScalar(scalar) && this.#variables.kinds.get(scalar)) || null;
  }

  /** Of the value, or of the closest one around it. */
  #offsetOf(path: Path): number {
    for (let length = path.length; length >= 0; length--) {
      const offset = nodeAt(this.#document, path.slice(0, length))?.range?.[0];
      if (offset !== undefined) return offset;
    }
    return 0;
  }

  #add(offset: number, message: string, kind: ConfigProblem["kind"] = "invalid"): void {
    const { line, col } = this.#lines.linePos(offset);
    this.problems.push({ file: this.file, line: Math.max(1, line), column: Math.max(1, col), message, kind });
  }
}
