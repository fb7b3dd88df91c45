/** How many wrong credentials somebody may show: who tries them out by the thousand is stopped, over all threads. */
import { clientKey } from "../shared/addresses/address.ts";
import type { AuthContext } from "./strategy.ts";

type Asker = Pick<AuthContext, "client" | "counters">;

/**
 * @example
 * const attempts = new Attempts("basic", 20);
 * const wait = attempts.take(ctx); // 0: go on; otherwise seconds
 */
export class Attempts {
  private readonly name: string;
  private readonly bucket: { readonly rate: number; readonly burst: number };

  /** @param perMinute 0: any number */
  constructor(name: string, perMinute: number) {
    this.name = name;
    this.bucket = { rate: perMinute / 60, burst: perMinute };
  }

  /** Counts one, if there is one left; otherwise the seconds until there is. */
  take(asker: Asker): number {
    if (this.bucket.burst === 0) return 0;
    const { allowed, wait } = asker.counters.take(this.key(asker), 1, this.bucket);
    return allowed ? 0 : Math.max(1, Math.ceil(wait));
  }

  /** Seconds until there is one left; counts none. */
  wait(asker: Asker): number {
    if (this.bucket.burst === 0) return 0;
    const { left } = asker.counters.take(this.key(asker), 0, this.bucket);
    return left >= 1 ? 0 : Math.max(1, Math.ceil((1 - left) / this.bucket.rate));
  }

  private key({ client }: Asker): string {
    return `${this.name} ${originOf(client.address)}`;
  }
}

/**
 * Whom an address belongs to. Of IPv6 it is the /64: nobody is given less (RFC 6177), so who is counted by the whole
 * address has 2^64 of them.
 *
 * @example
 * originOf("2001:db8::1") === originOf("2001:db8::2"); // true
 */
export function originOf(address: string): string {
  const key = clientKey(address);
  return key === null || key.length === 2 ? address : [...key.slice(0, 4)].map(hexOf).join(":");
}

function hexOf(unit: string): string {
  return unit.charCodeAt(0).toString(16);
}
