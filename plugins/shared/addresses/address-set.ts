import { type AddressKey, type AddressRange, clientKey, readRange } from "./address.ts";

/** Addresses and networks; asking for one takes as many comparisons as the number of networks has bits. */
export class AddressSet {
  private readonly firsts: AddressKey[] = [];
  private readonly lasts: AddressKey[] = [];

  /** @throws Error when an entry is no address or network */
  constructor(entries: readonly string[]) {
    for (const { first, last } of entries.map(readRange).sort(compare)) {
      const before = this.lasts.length - 1;
      // IPv4 and IPv6 never overlap: their keys differ in length, and the longer one's beginning is compared first.
      if (before >= 0 && this.lasts[before]!.length === first.length && first <= this.lasts[before]!) {
        if (last > this.lasts[before]!) this.lasts[before] = last;
      } else {
        this.firsts.push(first);
        this.lasts.push(last);
      }
    }
  }

  /**
   * Whether an address, as the proxy says it of a client, is one of these. What is no address is in no list.
   *
   * @example
   * new AddressSet(["10.0.0.0/8"]).has("::ffff:10.1.2.3"); // true
   */
  has(address: string): boolean {
    const key = clientKey(address);
    if (key === null) return false;
    let [low, high] = [0, this.firsts.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBehind(this.firsts[middle]!, key)) high = middle;
      else low = middle + 1;
    }
    if (low === 0) return false;
    const last = this.lasts[low - 1]!;
    return last.length === key.length && key <= last;
  }
}

/** The shorter keys, of IPv4, go before all others. */
function compare(one: AddressRange, other: AddressRange): number {
  const byLength = one.first.length - other.first.length;
  if (byLength !== 0) return byLength;
  return one.first < other.first ? -1 : one.first > other.first ? 1 : 0;
}

function isBehind(first: AddressKey, key: AddressKey): boolean {
  return first.length === key.length ? first > key : first.length > key.length;
}
