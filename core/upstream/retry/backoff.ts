import type { RetryConfig } from "../../config/traffic-model.ts";

/**
 * ms to wait before a retry: drawn from the whole of [0, min(longest, base * 2^(retry-1))]. Clients that failed
 * together come back apart ("full jitter" in "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
 *
 * What the endpoint asked for comes first: the retry waits for that, and then at random as well.
 *
 * @param retry 1 for the first one
 * @param asked the wait of the decision (`decideRetry`), in ms
 * @param random in [0, 1)
 *
 * @example
 * backoff({ base: 25, longest: 250 }, 3, 0, () => 0.5); // 50
 */
export function backoff(
  { base, longest }: RetryConfig["backoff"],
  retry: number,
  asked: number,
  random: () => number = Math.random,
): number {
  return asked + random() * Math.min(longest, base * 2 ** (retry - 1));
}
