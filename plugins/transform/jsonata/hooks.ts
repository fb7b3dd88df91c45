import type { Evaluation } from "./evaluation.ts";
import type { Frame } from "./library.ts";
import type { Node, Survey } from "./survey.ts";
import { isHidden, spendFor } from "./values.ts";

/** Counts what the step into a node will do beyond one step: these go through all that lies below. */
export function spendEntry(node: Node, input: unknown, { budget }: Evaluation): void {
  const spend = (amount: number): void => budget.spend(amount);
  if (node.type === "descendant") spendFor(input, spend);
  else if (node.type === "name" || node.type === "wildcard")
    spendLists(input, node.type === "wildcard", spend);
}

/** Lists within lists are gone through as one. */
function spendLists(value: unknown, intoObject: boolean, spend: (amount: number) => void): void {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value) && !intoObject) return;
  const members: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  spend(members.length >> 2);
  for (const member of members) if (Array.isArray(member)) spendLists(member, false, spend);
}

/** Counts what came of a node, before anything is made of that. */
export function exitHook(
  survey: Survey,
  evaluationOf: (frame: Frame) => Evaluation,
): (node: Node, input: unknown, frame: Frame, result: unknown) => void {
  const ranges = new Map<unknown, { first: number }>();
  for (const range of survey.ranges) {
    const bounds = { first: 0 };
    ranges.set(range.lhs, bounds).set(range.rhs, bounds);
  }
  const firsts = new Set<unknown>(survey.ranges.map(({ lhs }) => lhs));
  return (node, _input, frame, sequence) => {
    if (node.type === "variable" && !survey.compared.has(node) && !ranges.has(node)) return;
    const { budget } = evaluationOf(frame);
    const result: unknown = Array.isArray(sequence) && sequence.length === 1 ? sequence[0] : sequence;
    if (typeof result === "string") {
      if (survey.keys.has(node) && isHidden(result))
        throw new Error("a member would have a name of the library");
      budget.spend(result.length >> 4);
      return;
    }
    if (typeof result === "number") {
      const bounds = ranges.get(node);
      if (bounds === undefined) return;
      if (firsts.has(node)) bounds.first = result;
      else budget.spend(Math.max(0, result - bounds.first) >> 2);
      return;
    }
    if (typeof result !== "object" || result === null) return;
    if (survey.compared.has(node)) spendFor(result, (amount) => budget.spend(amount));
    else if (Array.isArray(result)) budget.spend(result.length >> 4);
  };
}
