import type { DiscoveredEndpoint, DiscoveryConfig } from "../../config/traffic-model.ts";
import { describe } from "../describe.ts";
import { mostEndpoints } from "../normalise.ts";
import { repeating } from "../run-source.ts";
import type { DiscoverySource, SourceSetting } from "../source.ts";
import { SourceProblem } from "../source-problem.ts";
import { AddressBook, type Addresses } from "./address-book.ts";
import { refreshIn } from "./refresh.ts";
import { RoundResolver } from "./resolve.ts";
import { isWithdrawn, type SrvTarget, toTargets } from "./srv-records.ts";

type SrvConfig = Extract<DiscoveryConfig, { kind: "srv" }>;

/** Names whose addresses are looked up; each costs two questions every time. */
const mostNames = 256;
/** Names looked up at once. */
const atOnce = 16;
/** s. Neither Node nor Deno tells how long an SRV record is good. */
const longestUntold = 30;

/** The targets of a service (RFC 2782) with their addresses. */
export function srvSource(config: SrvConfig, setting: SourceSetting): DiscoverySource {
  return repeating(describe(config), setting, () => {
    const book = new AddressBook(setting.families);
    let resolver: RoundResolver | null = null;
    return {
      async ask(tell) {
        resolver = new RoundResolver(setting);
        const records = await resolver.services(config.name);
        if (records.kind === "failed") throw records.problem;
        if (records.kind === "none")
          throw new SourceProblem("empty", `no SRV records of ${config.name} found`);
        if (isWithdrawn(records.values)) {
          tell([]);
          return refreshIn(longestUntold, false);
        }
        const { list, ttl, problems } = await withAddresses(toTargets(records.values), book, resolver);
        if (list.length === 0) throw problems[0] ?? new SourceProblem("empty", "no SRV record has a target");
        tell(list, problems);
        return refreshIn(ttl, problems.length > 0);
      },
      close: () => resolver?.cancel(),
    };
  });
}

async function withAddresses(targets: readonly SrvTarget[], book: AddressBook, resolver: RoundResolver) {
  const all = [...new Set(targets.map(({ name }) => name))];
  // Sorted, because name servers turn their answers around.
  const names = all.sort().slice(0, mostNames);
  const byName = await lookUp(names, book, resolver);
  book.retain(new Set(names));
  const problems = [...byName.values()].flatMap((found) => found.problems);
  if (all.length > mostNames) {
    const message = `found ${all.length} targets, of which the first ${mostNames} are looked up`;
    problems.push(new SourceProblem("too-large", message));
  }
  const list: DiscoveredEndpoint[] = [];
  for (const { name, port, weight, priority } of targets) {
    for (const host of byName.get(name)?.addresses ?? []) {
      // One more than may be, so that it is seen.
      if (list.length <= mostEndpoints) list.push({ host, port, weight, zone: null, priority });
    }
  }
  const ttls = [...byName.values()].flatMap(({ ttl }) => (ttl === null ? [] : [ttl]));
  return { list, problems, ttl: Math.min(...ttls, longestUntold) };
}

async function lookUp(
  names: readonly string[],
  book: AddressBook,
  resolver: RoundResolver,
): Promise<Map<string, Addresses>> {
  const byName = new Map<string, Addresses>();
  for (let start = 0; start < names.length; start += atOnce) {
    const some = names.slice(start, start + atOnce);
    const found = await Promise.all(some.map((name) => book.look(name, resolver)));
    for (const [index, name] of some.entries()) byName.set(name, found[index]!);
  }
  return byName;
}
