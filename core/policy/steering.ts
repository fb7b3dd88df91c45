/** What policies tell the balancer of one attempt. */
import { type Edits, mostAvoided } from "../../sdk/runtime/message.ts";
import { editedText } from "./edit-values.ts";
import { MalformedOutcome } from "./malformed-outcome.ts";

export interface Steering {
  /** Names of endpoints that are not to be chosen. */
  readonly avoid: ReadonlySet<string>;
  /** What follows when there are no others: they are asked after all, nobody is, or a cluster of that name. */
  readonly whenAll: "ask" | "refuse" | { readonly cluster: string };
  /** To be chosen if it gets requests; null: none. */
  readonly prefer: string | null;
}

/**
 * What holds when a policy says something more.
 *
 * @throws MalformedOutcome when that is not what it should be
 */
export function steered(before: Steering | null, { avoid, whenAll, prefer }: Edits): Steering {
  const names = new Set(before?.avoid);
  for (const name of avoid === undefined ? [] : listed(avoid))
    names.add(editedText(name, "list of endpoints"));
  if (names.size > mostAvoided) throw malformed(`more than ${mostAvoided} names`);
  return {
    avoid: names,
    whenAll: whenAll === undefined ? (before?.whenAll ?? "ask") : readWhenAll(whenAll),
    prefer: prefer === undefined ? (before?.prefer ?? null) : editedText(prefer, "preferred endpoint"),
  };
}

function listed(value: unknown): readonly unknown[] {
  if (Array.isArray(value) && value.length <= mostAvoided) return value;
  throw malformed("no list that is short enough");
}

function readWhenAll(value: unknown): Steering["whenAll"] {
  if (value === "ask" || value === "refuse") return value;
  if (typeof value !== "object" || value === null) throw malformed("no way out of it");
  return { cluster: editedText((value as { cluster?: unknown }).cluster, "cluster") };
}

function malformed(found: string): MalformedOutcome {
  return new MalformedOutcome(`Cannot avoid endpoints: found ${found}`);
}
