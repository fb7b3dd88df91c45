import type { PathMatch } from "../config/route-model.ts";
import { bestRank, type Candidate } from "./candidate.ts";
import type { ValueReader } from "./conditions.ts";
import { isParameter, pathSegments } from "./precedence.ts";

/** One segment deep: what ends here, and where the next segment leads. */
interface Node {
  readonly prefix: Candidate[];
  readonly template: Candidate[];
  /** A map of its own kind and not an object: `__proto__` is a segment like any other. */
  readonly literals: Map<string, Node>;
  parameter: Node | null;
}

/** The paths of the routes of one host. Built once, then only read. */
export class PathTree {
  readonly #exact = new Map<string, Candidate[]>();
  readonly #root = newNode();

  /** Adds a candidate; the calls come in ascending order of rank. */
  add(path: PathMatch, candidate: Candidate): void {
    this.#placeFor(path).push(candidate);
  }

  /** The best rank among the candidates that take the request, or infinity. */
  bestRank(path: string, method: string, values: ValueReader): number {
    // Asking an empty map would still hash the path.
    const exact = this.#exact.size === 0 ? undefined : this.#exact.get(path);
    if (exact !== undefined) {
      const best = bestRank(exact, method, values, Number.POSITIVE_INFINITY);
      // No template or prefix of this host goes before an exact path.
      if (best !== Number.POSITIVE_INFINITY) return best;
    }
    return bestBelow(this.#root, path, 0, method, values, Number.POSITIVE_INFINITY);
  }

  /** Every candidate whose path matches, whatever the request is otherwise. */
  candidates(path: string): Candidate[] {
    return [...(this.#exact.get(path) ?? []), ...allBelow(this.#root, path, 0)];
  }

  #placeFor(path: PathMatch): Candidate[] {
    if (path.kind === "exact") return entry(this.#exact, path.value, () => []);
    const node = nodeFor(this.#root, path);
    return path.kind === "prefix" ? node.prefix : node.template;
  }
}

function newNode(): Node {
  return { prefix: [], template: [], literals: new Map(), parameter: null };
}

function nodeFor(root: Node, path: PathMatch): Node {
  let node = root;
  for (const segment of pathSegments(path.value)) {
    if (path.kind === "template" && isParameter(segment)) {
      node.parameter ??= newNode();
      node = node.parameter;
    } else {
      node = entry(node.literals, segment, newNode);
    }
  }
  return node;
}

/**
 * Walks every branch that the path fits: a literal and a parameter at each segment, bounded by the templates
 * that exist. Runs for each request, so it passes offsets down instead of splitting the path, and cuts a
 * segment out only where there are literals to compare it with.
 *
 * @param start offset of the `/` before the next segment, or the length of the path at its end
 */
function bestBelow(
  node: Node,
  path: string,
  start: number,
  method: string,
  values: ValueReader,
  known: number,
): number {
  let best = bestRank(node.prefix, method, values, known);
  // `*`, the target of OPTIONS for the server as a whole, has no segments: it fits the prefix `/`.
  if (start === path.length || path.charCodeAt(start) !== slash) {
    return start === path.length ? bestRank(node.template, method, values, best) : best;
  }
  const end = segmentEnd(path, start);
  if (node.literals.size > 0) {
    const literal = node.literals.get(path.slice(start + 1, end));
    if (literal !== undefined) best = bestBelow(literal, path, end, method, values, best);
  }
  if (node.parameter === null || end === start + 1) return best;
  return bestBelow(node.parameter, path, end, method, values, best);
}

function allBelow(node: Node, path: string, start: number): Candidate[] {
  if (start === path.length) return [...node.prefix, ...node.template];
  if (path.charCodeAt(start) !== slash) return node.prefix;
  const end = segmentEnd(path, start);
  const literal = node.literals.get(path.slice(start + 1, end));
  const parameter = end === start + 1 ? null : node.parameter;
  return [
    ...node.prefix,
    ...(literal === undefined ? [] : allBelow(literal, path, end)),
    ...(parameter === null ? [] : allBelow(parameter, path, end)),
  ];
}

const slash = 0x2f;

function segmentEnd(path: string, start: number): number {
  const end = path.indexOf("/", start + 1);
  return end === -1 ? path.length : end;
}

function entry<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
