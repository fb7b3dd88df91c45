import type { DiscoveryConfig } from "../../config/traffic-model.ts";
import { describe } from "../describe.ts";
import { repeating } from "../run-source.ts";
import type { DiscoverySource, SourceSetting } from "../source.ts";
import { AddressBook } from "./address-book.ts";
import { refreshIn } from "./refresh.ts";
import { RoundResolver } from "./resolve.ts";

type DnsConfig = Extract<DiscoveryConfig, { kind: "dns" }>;

/**
 * The addresses of a name (A and AAAA), looked up again when the first of them is no longer good. A name that is
 * gone, or has no address any more, is a problem and no answer: name servers say that on their bad days, too.
 */
export function dnsSource(config: DnsConfig, setting: SourceSetting): DiscoverySource {
  return repeating(describe(config), setting, () => {
    const book = new AddressBook(setting.families);
    let resolver: RoundResolver | null = null;
    return {
      async ask(tell) {
        resolver = new RoundResolver(setting);
        const { addresses, ttl, problems } = await book.look(config.host, resolver);
        // Nothing is known, or nothing new: wait as after a failure.
        if (addresses.length === 0 || (ttl === null && problems.length > 0)) throw problems[0]!;
        const one = { port: config.port, weight: 1, zone: null, priority: 0 };
        tell(
          addresses.map((host) => ({ host, ...one })),
          problems,
        );
        return refreshIn(ttl, problems.length > 0);
      },
      close: () => resolver?.cancel(),
    };
  });
}
