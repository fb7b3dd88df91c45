/** What happens to keys when endpoints come and go. */
import type { Balancer } from "../../../core/upstream/balance/candidate.ts";
import { hashText } from "../../../core/upstream/balance/murmur3.ts";
import type { TestHost } from "./hosts.ts";

export const keys = Array.from({ length: 100_000 }, (_, i) => hashText(`user-${i}`));

export function assign(balancer: Balancer<TestHost>): TestHost[] {
  return keys.map((hash) => balancer.pick({ hash, exclude: null }));
}

/** Share of keys that moved, of those that were with `gone` and of all others, each as a share of all keys. */
export function moved(before: readonly TestHost[], after: readonly TestHost[], gone: TestHost) {
  let [own, others] = [0, 0];
  for (const [i, host] of before.entries()) {
    if (host === after[i]) continue;
    if (host === gone) own++;
    else others++;
  }
  return { own: own / before.length, others: others / before.length };
}
