import jsonata from "jsonata";
import { type Facts, type Reader, readerOf } from "../facts.ts";
import type { Json } from "../json-value.ts";
import { Evaluation } from "./evaluation.ts";
import { ExpressionError } from "./expression-error.ts";
import { exitHook, spendEntry } from "./hooks.ts";
import { type Base, type Frame, guardedFunctions } from "./library.ts";
import { regexEngine } from "./regex-engine.ts";
import { type Node, type Survey, SurveyError, surveyOf } from "./survey.ts";
import { fromPlain, ResultTooLarge, toPlain } from "./values.ts";

export interface Expression {
  /** Names of what it reads of the exchange. */
  readonly sources: readonly string[];
  /** @throws ExpressionError */
  evaluate(root: Json, facts: Facts): Promise<Json>;
}

export interface ExpressionBounds {
  /** ms that it may run. */
  readonly time: number;
  readonly depth: number;
  /** Of the result: values and characters. */
  readonly size: number;
}

const entry = Symbol.for("jsonata.__evaluate_entry");
const exit = Symbol.for("jsonata.__evaluate_exit");
/** Frames that an expression may hold at the same time; groups are made side by side. */
const mostFrames = 50_000;
/** Of a list that an expression makes. */
const mostItems = 200_000;

/**
 * Compiles an expression of JSONata (https://docs.jsonata.org). Beside its own functions there is `$source("NAME")`, which
 * reads what templates read.
 *
 * @throws Error that says what is wrong with it, with line and column of the expression
 * @example
 * const total = compileExpression("$sum(items.price)", { time: 200, depth: 32, size: 1_000_000 });
 * await total.evaluate(parseJson('{"items":[{"price":2}]}', 32), facts); // JsonNumber { text: "2" }
 */
export function compileExpression(text: string, bounds: ExpressionBounds): Expression {
  const { expression, survey, readers } = compiled(text);
  const evaluations = new WeakMap<Base, Evaluation>();
  const facts = new WeakMap<Base, Facts>();
  let arriving: { evaluation: Evaluation; facts: Facts } | null = null;
  const evaluationOf = ({ base }: Frame): Evaluation => evaluations.get(base)!;
  let isGuarded = false;

  const begin = (frame: Frame): void => {
    const { base } = frame;
    const { evaluation } = arriving!;
    evaluations.set(base, evaluation);
    facts.set(base, arriving!.facts);
    arriving = null;
    base.RegexEngine = regexEngine(survey.matchers, evaluation);
    if (isGuarded) return;
    isGuarded = true;
    for (const [name, own] of guardedFunctions(frame, { evaluationOf, texts: survey.texts })) {
      expression.assign(name, own);
    }
  };

  expression.assign(entry as unknown as string, (node: Node, input: unknown, frame: Frame) => {
    if (arriving !== null) begin(frame);
    const evaluation = evaluationOf(frame);
    spendEntry(node, input, evaluation);
    return evaluation.step();
  });
  expression.assign(exit as unknown as string, exitHook(survey, evaluationOf));
  expression.registerFunction(
    "source",
    function (name: string) {
      const { base } = (this as unknown as { environment: Frame }).environment;
      return readers.get(name)!(facts.get(base)!) ?? undefined;
    },
    "<s:s>",
  );

  return {
    sources: [...survey.sources],
    async evaluate(root, exchange) {
      const evaluation = new Evaluation(bounds.time);
      try {
        const input = toPlain(root);
        arriving = { evaluation, facts: exchange };
        const result: unknown = await expression.evaluate(input);
        evaluation.budget.check();
        return fromPlain(result, bounds);
      } catch (error) {
        throw failure(error, evaluation);
      } finally {
        evaluation.end();
      }
    },
  };
}

interface Compiled {
  readonly expression: jsonata.Expression;
  readonly survey: Survey;
  readonly readers: ReadonlyMap<string, Reader>;
}

function compiled(text: string): Compiled {
  try {
    const expression = jsonata(text, { sequence: mostItems, stack: mostFrames });
    const survey = surveyOf(expression.ast());
    const readers = new Map<string, Reader>();
    for (const name of survey.sources) {
      const reader = readerOf(name);
      if (reader === null) throw new SurveyError(`$source knows no ${name}`, 0);
      readers.set(name, reader);
    }
    return { expression, survey, readers };
  } catch (error) {
    const { message, position = 0 } = error as Partial<jsonata.JsonataError>;
    throw new Error(`Cannot use json jsonata: ${message}, at ${placeIn(text, position)} of the expression`);
  }
}

/** @param position in UTF-16 units */
function placeIn(text: string, position: number): string {
  const before = text.slice(0, position).split("\n");
  return `line ${before.length}, column ${before.at(-1)!.length + 1}`;
}

/** The library's limits: of steps within steps, of a list, of a range, and of the time. */
const limitCodes = new Set(["D1011", "D1012", "D2014", "D2015"]);

/** What the library says of an error may hold values of the document; its code and place do not. */
function failure(error: unknown, { isOver }: Evaluation): ExpressionError {
  const { code = "", position, name } = error as Partial<jsonata.JsonataError>;
  if (isOver || error instanceof ResultTooLarge || limitCodes.has(code)) {
    return new ExpressionError("the expression takes too much", true);
  }
  const place = position === undefined ? "" : ` at character ${position}`;
  return new ExpressionError(`the expression failed with ${code || name || "an error"}${place}`, false);
}
