import type { AuthContext } from "../strategy.ts";

/** Ms that are left for what comes after, if nothing else is said. */
const usualMargin = 100;

/**
 * What comes of the work, or something else shortly before the phase is over: a provider that takes its time in several
 * calls would make a fault of it.
 *
 * @param most ms to wait, if that is shorter
 * @param margin ms that are left then
 * @example
 * await inTime(login.finish(request, ctx), ctx, () => problem(503, "provider_slow"));
 */
export async function inTime<Value>(
  work: Promise<Value>,
  { deadline }: Pick<AuthContext, "deadline">,
  late: () => Value,
  most = Number.POSITIVE_INFINITY,
  margin = usualMargin,
): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = new Promise<Value>((resolve) => {
    const left = Math.max(0, deadline - performance.now() - margin);
    timer = setTimeout(() => resolve(late()), Math.min(left, most));
  });
  try {
    return await Promise.race([work, end]);
  } finally {
    clearTimeout(timer);
  }
}
