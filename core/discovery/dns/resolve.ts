import type { SrvRecord } from "node:dns";
import { Resolver } from "node:dns/promises";
import type { SourceSetting } from "../source.ts";
import { type ProblemKind, SourceProblem } from "../source-problem.ts";

/** What a name server said; `none`: it says that there is nothing of the kind, as a list without values does. */
export type Resolved<Value> =
  | { readonly kind: "found"; readonly values: readonly Value[] }
  | { readonly kind: "none" }
  | { readonly kind: "failed"; readonly problem: SourceProblem };

export interface TimedAddress {
  readonly address: string;
  /** s. */
  readonly ttl: number;
}

/** Times that each resolver is asked. */
const tries = 2;

/**
 * A resolver for one round: the next one gets a new resolver, which reads the system's settings again and knows
 * nothing of earlier answers. Unlike `getaddrinfo` it asks name servers alone, for whole names: neither
 * `/etc/hosts` nor search domains are looked at.
 */
export class RoundResolver {
  readonly #resolver: Resolver;

  /** @throws TypeError when a server is no address */
  constructor({ dnsServers, dnsTimeout }: SourceSetting) {
    this.#resolver = new Resolver({ timeout: dnsTimeout, tries });
    if (dnsServers !== null) this.#resolver.setServers(dnsServers);
  }

  addresses(name: string, family: 4 | 6): Promise<Resolved<TimedAddress>> {
    const found =
      family === 4
        ? this.#resolver.resolve4(name, { ttl: true })
        : this.#resolver.resolve6(name, { ttl: true });
    return outcome(found, `${family === 4 ? "A" : "AAAA"} of ${name}`);
  }

  services(name: string): Promise<Resolved<SrvRecord>> {
    return outcome(this.#resolver.resolveSrv(name), `SRV of ${name}`);
  }

  cancel(): void {
    this.#resolver.cancel();
  }
}

async function outcome<Value>(asked: Promise<Value[]>, what: string): Promise<Resolved<Value>> {
  try {
    return { kind: "found", values: await asked };
  } catch (error) {
    const code = String((error as NodeJS.ErrnoException).code);
    if (code === "ENOTFOUND" || code === "ENODATA") return { kind: "none" };
    return { kind: "failed", problem: problemOf(code, what) };
  }
}

/** The codes of https://nodejs.org/api/dns.html#error-codes that name servers and their absence cause. */
const meanings: Readonly<Record<string, readonly [kind: ProblemKind, message: string]>> = {
  ETIMEOUT: ["timeout", "no name server answered in time"],
  ECONNREFUSED: ["unreachable", "no name server can be reached"],
  ESERVFAIL: ["failed", "the name server failed (SERVFAIL)"],
  EREFUSED: ["refused", "the name server refused (REFUSED)"],
  EBADRESP: ["malformed", "the name server's answer does not read"],
};

function problemOf(code: string, what: string): SourceProblem {
  const [kind, message] = meanings[code] ?? (["failed", `the resolver failed (${code})`] as const);
  return new SourceProblem(kind, `cannot look up ${what}: ${message}`);
}
