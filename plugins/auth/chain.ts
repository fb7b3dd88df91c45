/** Several strategies as one. */
import type { Identity, PluginRequest } from "sluice/sdk";
import type { AuthContext, Invite, Refused, Strategy, Verdict } from "./strategy.ts";

export type Requirement = "any" | "all" | "none";

/** What they came to: who it is, nobody (and that is allowed), why not, or an answer. */
export type Outcome =
  | { readonly kind: "identity"; readonly identity: Identity }
  | { readonly kind: "nobody"; readonly invites: readonly Invite[] }
  | { readonly kind: "denied"; readonly refusals: readonly Refused[]; readonly invites: readonly Invite[] }
  | { readonly kind: "respond"; readonly response: Response };

/**
 * Asks the strategies in their order.
 *
 * `any` and `none` take the first identity, also when other credentials were bad; `all` needs one of each. A strategy
 * that answers itself has the last word. Stays in the tick as long as all of them do.
 */
export function authenticate(
  strategies: readonly Strategy[],
  requirement: Requirement,
  request: PluginRequest,
  ctx: AuthContext,
): Outcome | Promise<Outcome> {
  return askFrom(0, { strategies, requirement, identities: [], refusals: [], invites: [] }, request, ctx);
}

interface Round {
  readonly strategies: readonly Strategy[];
  readonly requirement: Requirement;
  readonly identities: Identity[];
  readonly refusals: Refused[];
  /** Of strategies without credentials. */
  readonly invites: Invite[];
}

function askFrom(
  start: number,
  round: Round,
  request: PluginRequest,
  ctx: AuthContext,
): Outcome | Promise<Outcome> {
  for (let index = start; index < round.strategies.length; index++) {
    const verdict = round.strategies[index]!.authenticate(request, ctx);
    if (verdict instanceof Promise) {
      return verdict.then((late) => take(late, round) ?? askFrom(index + 1, round, request, ctx));
    }
    const outcome = take(verdict, round);
    if (outcome !== null) return outcome;
  }
  return conclude(round);
}

/** The outcome, if the verdict decides it; null: the next strategy has its turn. */
function take(verdict: Verdict, round: Round): Outcome | null {
  const { requirement, identities, refusals, invites } = round;
  switch (verdict.kind) {
    case "respond":
      return verdict;
    case "identity":
      if (requirement !== "all") return verdict;
      identities.push(verdict.identity);
      return null;
    case "refused":
      refusals.push(verdict);
      return requirement === "all" ? { kind: "denied", refusals, invites } : null;
    case "absent":
      if (verdict.invite !== undefined) invites.push(verdict.invite);
      return requirement === "all" ? { kind: "denied", refusals, invites } : null;
  }
}

function conclude({ requirement, identities, refusals, invites }: Round): Outcome {
  if (requirement === "all") return { kind: "identity", identity: merge(identities) };
  if (requirement === "none" && refusals.length === 0) return { kind: "nobody", invites };
  return { kind: "denied", refusals, invites };
}

/** The subject is that of the first; what it may do and belongs to is what any of them says. */
function merge(identities: readonly Identity[]): Identity {
  const [first] = identities;
  if (identities.length === 1) return first!;
  return {
    subject: first!.subject,
    method: identities.map(({ method }) => method).join("+"),
    claims: Object.assign({}, ...identities.map(({ claims }) => claims).reverse()),
    scopes: [...new Set(identities.flatMap(({ scopes }) => scopes))],
    groups: [...new Set(identities.flatMap(({ groups }) => groups))],
  };
}
