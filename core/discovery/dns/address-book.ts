import { isIP } from "node:net";
import { isSureOfNone } from "#no-records";
import { mostEndpoints } from "../normalise.ts";
import { SourceProblem } from "../source-problem.ts";
import type { Resolved, RoundResolver, TimedAddress } from "./resolve.ts";

/** What is known of a name. */
export interface Addresses {
  readonly addresses: readonly string[];
  /** s until the first of them has to be asked for again; null: none was told. */
  readonly ttl: number | null;
  readonly problems: readonly SourceProblem[];
}

type Family = 4 | 6;

/**
 * The addresses of names, of both families. What cannot be asked for stays what it was: a name server that fails
 * for AAAA takes no address away, of either family.
 */
export class AddressBook {
  readonly #families: readonly Family[];
  readonly #known = new Map<string, Map<Family, readonly string[]>>();

  constructor(families: readonly Family[]) {
    this.#families = families;
  }

  /** Asks for a name. An address stands for itself. */
  async look(name: string, resolver: RoundResolver): Promise<Addresses> {
    if (isIP(name) !== 0) return { addresses: [name], ttl: null, problems: [] };
    const results = await Promise.all(this.#families.map((family) => resolver.addresses(name, family)));
    const before = this.#known.get(name) ?? new Map<Family, readonly string[]>();
    const now = new Map<Family, readonly string[]>();
    const problems: SourceProblem[] = [];
    this.#families.forEach((family, index) => {
      const result = results[index]!;
      const known = before.get(family) ?? [];
      const problem = doubt(result, name, family, known);
      if (problem !== null) problems.push(problem);
      now.set(family, result.kind === "found" ? addressesOf(result.values) : problem === null ? [] : known);
    });
    if (sum(now) > 0) this.#known.set(name, now);
    else if (problems.length === 0)
      problems.push(new SourceProblem("empty", `no addresses of ${name} found`));
    const kept = this.#known.get(name);
    return {
      addresses: kept === undefined ? [] : [...kept.values()].flat(),
      ttl: shortest(results),
      problems,
    };
  }

  /** Forgets all names but these. */
  retain(names: ReadonlySet<string>): void {
    for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name);
  }
}

/** Why an answer takes no address away. */
function doubt(
  result: Resolved<TimedAddress>,
  name: string,
  family: Family,
  known: readonly string[],
): SourceProblem | null {
  if (result.kind === "failed") return result.problem;
  if (result.kind === "found" || isSureOfNone || known.length === 0) return null;
  return new SourceProblem("empty", `no IPv${family} addresses of ${name} found, where there were some`);
}

function addressesOf(values: readonly TimedAddress[]): string[] {
  return values.slice(0, mostEndpoints).map(({ address }) => address);
}

function shortest(results: readonly Resolved<TimedAddress>[]): number | null {
  const times = results.flatMap((result) =>
    result.kind === "found" ? result.values.map(({ ttl }) => ttl) : [],
  );
  return times.length === 0 ? null : times.reduce((least, ttl) => Math.min(least, ttl));
}

function sum(byFamily: ReadonlyMap<Family, readonly string[]>): number {
  return [...byFamily.values()].reduce((total, { length }) => total + length, 0);
}
