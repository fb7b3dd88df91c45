/** As much of the library's syntax tree as is looked at. */

export interface Node {
  readonly op: string;
  /** Differs from operator to operator: nodes, texts, lists of both. */
  readonly args: unknown;
  /** Position in the text. */
  readonly start: number;
  readonly meta: { readonly alternate?: Node };
}

/** `receiver.name(args)`. The name is exchanged for that of a function of ours. */
export interface MethodCall extends Node {
  readonly op: "rcall";
  readonly args: [name: string, receiver: Node, args: readonly Node[]];
}

/** What a macro became: a loop. */
export interface Loop extends Node {
  readonly op: "comprehension";
  readonly args: { step: { evaluate(...all: unknown[]): unknown } };
}

/** All nodes, those that macros became too; each once. */
export function nodesOf(root: Node): Set<Node> {
  const found = new Set<Node>();
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) {
      for (const item of part) visit(item);
    } else if (isNode(part)) {
      if (found.has(part)) return;
      found.add(part);
      visit(part.args);
      visit(part.meta.alternate);
    } else if (typeof part === "object" && part !== null && "iterable" in part) {
      for (const item of Object.values(part)) visit(item);
    }
  };
  visit(root);
  return found;
}

export const isMethodCall = (node: Node): node is MethodCall => node.op === "rcall";

export const isLoop = (node: Node): node is Loop => node.op === "comprehension";

function isNode(part: unknown): part is Node {
  return typeof part === "object" && part !== null && "op" in part && "meta" in part;
}
