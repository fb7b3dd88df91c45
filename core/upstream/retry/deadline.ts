/**
 * The time that a request has, across attempts, policies and their calls to other services. A deadline is a number:
 * the moment, in ms of a monotonic clock, at which it is over; `Infinity` where nobody set one. What is taken for
 * one part is gone for the next, as with gRPC's deadlines: parts with timeouts of their own would add up.
 */

/** No deadline at all. */
export const noDeadline = Number.POSITIVE_INFINITY;

/**
 * When a request is over.
 *
 * @param startedAt in ms, when its head had arrived
 * @param timeout of its route in ms; 0: none
 * @param budget what a trusted client left for it, in ms (`parseBudget`); null: it said nothing
 *
 * @example
 * deadlineOf(1_000, 500, 200); // 1_200
 * deadlineOf(1_000, 0, null); // Infinity
 */
export function deadlineOf(startedAt: number, timeout: number, budget: number | null): number {
  const own = timeout === 0 ? noDeadline : startedAt + timeout;
  return budget === null ? own : Math.min(own, startedAt + budget);
}

/** ms that are left, never less than 0. */
export function remaining(deadline: number, now: number): number {
  return Math.max(0, deadline - now);
}

/**
 * ms for one attempt, or for one call of a policy: its own limit, or what is left if that is less. `Infinity`: no
 * limit; 0: do not begin.
 *
 * @param limit of its own in ms; 0: none
 *
 * @example
 * timeFor(1_200, 500, 1_000); // 200
 * timeFor(1_200, 0, 1_000); // 200
 */
export function timeFor(deadline: number, limit: number, now: number): number {
  const left = remaining(deadline, now);
  return limit === 0 ? left : Math.min(limit, left);
}

/** Whether after a pause of so many ms there is still time, so that it is worth pausing. */
export function leavesTime(deadline: number, pause: number, now: number): boolean {
  return deadline - now - pause >= 1;
}

/**
 * What an attempt tells the endpoint: the ms in which its answer is of use, as an integer, as in Envoy's
 * `x-envoy-expected-rq-timeout-ms`. Rounded down, so that the endpoint gives up first. Null: there is no limit, and
 * the field is not sent. With less than 1 ms left the attempt is not worth beginning.
 *
 * @param time of the attempt in ms (`timeFor`)
 *
 * @example
 * budgetText(249.7); // "249"
 */
export function budgetText(time: number): string | null {
  return time === Number.POSITIVE_INFINITY ? null : String(Math.floor(time));
}

/**
 * The ms that a client gives its request, from its field. Only of a client that is trusted: others could have
 * attempts of theirs cut off that the endpoint has begun to work on.
 *
 * @param text of the field
 * @param most ms; more is taken for this
 * @returns null when the text is no whole number, or more than one field said something
 *
 * @example
 * parseBudget("250", 60_000); // 250
 * parseBudget("99999999", 60_000); // 60_000
 * parseBudget("1e3", 60_000); // null
 */
export function parseBudget(text: string, most: number): number | null {
  // 15 digits are exact; with more of them it is no budget but noise.
  return /^[0-9]{1,15}$/.test(text) ? Math.min(Number(text), most) : null;
}
