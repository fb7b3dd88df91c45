/** What balancers look at, and what they are asked. */

export interface Candidate {
  /** Unique in its cluster and the same in every proxy: what hashes place it by. */
  readonly name: string;
  readonly config: { readonly weight: number };
  /** Requests sent to it and not finished. */
  readonly inFlight: number;
}

/** What is known of the request that needs an endpoint. */
export interface PickContext<E> {
  /** 32 bits of what the cluster hashes; null: the request has none, and is spread at random. */
  readonly hash: number | null;
  /** Endpoints that this request has tried; null: none. Where it has tried all, any may be taken again. */
  readonly exclude: ReadonlySet<E> | null;
}

/** Of a request that says nothing and has tried nothing. */
export const firstAttempt: PickContext<never> = { hash: null, exclude: null };

export interface Balancer<E extends Candidate> {
  pick(context?: PickContext<E>): E;
}

export interface BalancerOptions {
  /** In [0, 1). */
  readonly random: () => number;
  /** ms, monotonic. */
  readonly now: () => number;
  /** ms in which an endpoint that is new or back comes to its full share; 0: it has it at once. */
  readonly slowStart: number;
  /** The largest weight in the cluster, those included that get no requests now. */
  readonly heaviest: number;
}

/** Whether none is left that the request has not tried. */
export function triedAll<E>(candidates: readonly E[], exclude: ReadonlySet<E>): boolean {
  if (exclude.size < candidates.length) return false;
  for (const candidate of candidates) if (!exclude.has(candidate)) return false;
  return true;
}
