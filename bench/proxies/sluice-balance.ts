import type { BalanceKind } from "../../core/config/traffic-model.ts";
import { upstreamAddress } from "../upstream/addresses.ts";
import type { ProxyServer } from "./proxy.ts";
import { fromSource, sluiceWith } from "./sluice.ts";

/** What `ring-hash` and `maglev` hash: requests with different values go to different endpoints. */
export const hashedField = "x-user";

/**
 * Sluice in front of so many endpoints, which all lead to the one upstream.
 *
 * @param endpoints at most `upstreamAddresses`
 */
export function sluiceBalancing(balance: BalanceKind, endpoints: number): ProxyServer {
  const hashes = balance === "ring-hash" || balance === "maglev";
  const hashOn = hashes ? `, hashOn: { header: ${hashedField} }` : "";
  return sluiceWith(`sluice-${balance}-x${endpoints}`, fromSource, {
    cluster({ upstreamPort }) {
      const urls = Array.from(
        { length: endpoints },
        (_, i) => `"http://${upstreamAddress(i)}:${upstreamPort}"`,
      );
      return `{ balance: ${balance}${hashOn}, endpoints: [${urls.join(", ")}] }`;
    },
  });
}
