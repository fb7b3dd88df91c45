import { Environment } from "@marcbachmann/cel-js";
import { Budget } from "./budget.ts";
import { compilePattern, type Pattern } from "./pattern.ts";
import { isLoop, isMethodCall, type Node, nodesOf } from "./syntax-tree.ts";

/** Types of variables by name: a name of CEL, or those of the fields. */
export interface Variables {
  readonly [name: string]: string | Variables;
}

export interface ExpressionOptions {
  /** What the expression must come to: `bool`, `string`. */
  readonly result: string;
  readonly variables: Variables;
}

/** @throws Error when it comes to no value: a key that is not there, a division by zero, too much work */
export type Expression = (values: Readonly<Record<string, unknown>>) => unknown;

const limits = {
  maxAstNodes: 1000,
  maxDepth: 50,
  maxListElements: 500,
  maxMapEntries: 500,
  maxCallArguments: 16,
};

/** What one evaluation may do, in steps of a pattern over a text. */
const budgetPerEvaluation = 500_000;

/** What a turn of a loop takes of it: 10 000 of them are possible. */
const turnCost = 50;

/** A function of ours for `matches`: the library's own hands the pattern to a backtracking engine. */
const linearMatches = "matches_";

/**
 * Compiles an expression of the Common Expression Language (https://cel.dev). Names and types are checked now;
 * evaluating it takes a bounded time, whatever the values are.
 *
 * Standard are literals, operators, `has`, `size`, `in`, `all`, `exists`, `exists_one`, `map`, `filter`, conversions, times and
 * texts. The pattern of `matches` must be a literal. `cel.bind` is not there.
 *
 * @throws Error that says what is wrong and where in the text
 *
 * @example
 * const isAdmin = compileExpression("'admin' in groups", { result: "bool", variables: { groups: "list<string>" } });
 * isAdmin({ groups: ["admin"] }); // true
 */
export function compileExpression(text: string, { result, variables }: ExpressionOptions): Expression {
  const budget = new Budget();
  const patterns = new Map<string, Pattern>();
  const environment = new Environment({ limits, homogeneousAggregateLiterals: false });
  for (const [name, type] of Object.entries(variables)) {
    if (typeof type === "string") environment.registerVariable(name, type);
    else environment.registerVariable({ name, schema: type as Record<string, string> });
  }
  environment.registerFunction(`string.${linearMatches}(string): bool`, (value: string, pattern: string) =>
    patterns.get(pattern)!.test(value, budget),
  );

  const parsed = parse(environment, text);
  const nodes = nodesOf(parsed.ast as unknown as Node);
  for (const node of nodes) prepareCall(node, patterns);
  const { valid, type, error } = parsed.check();
  if (!valid)
    throw new Error(`Cannot use the expression: ${error?.message.replaceAll(linearMatches, "matches")}`);
  if (type !== result && type !== "dyn")
    throw new Error(`Cannot use the expression: it is ${type}, not ${result}`);
  for (const node of nodes) if (isLoop(node)) chargeTurns(node.args, budget);

  return (values) => {
    budget.refill(budgetPerEvaluation);
    const value = parsed(values as Record<string, unknown>);
    budget.check();
    return value;
  };
}

function parse(environment: Environment, text: string) {
  try {
    return environment.parse(text);
  } catch (error) {
    throw new Error(`Cannot read the expression: ${(error as Error).message}`);
  }
}

function prepareCall(node: Node, patterns: Map<string, Pattern>): void {
  if (!isMethodCall(node)) return;
  const [name, receiver, args] = node.args;
  if (name === "bind" && receiver.op === "id" && receiver.args === "cel") {
    throw new Error("Cannot use the expression: cel.bind is not supported");
  }
  if (name !== "matches") return;
  const pattern = args[0];
  if (pattern?.op !== "value" || typeof pattern.args !== "string") {
    throw new Error("Cannot use the expression: the pattern of matches is not a text in quotes");
  }
  patterns.set(pattern.args, compilePattern(pattern.args));
  node.args[0] = linearMatches;
}

/** After the check, which looks at what a step is; evaluation only asks it to evaluate itself. */
function chargeTurns(loop: { step: { evaluate(...all: unknown[]): unknown } }, budget: Budget): void {
  const { step } = loop;
  loop.step = {
    evaluate(evaluator, _node, context) {
      budget.spend(turnCost);
      return step.evaluate(evaluator, step, context);
    },
  };
}
