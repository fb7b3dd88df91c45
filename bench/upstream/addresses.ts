/** Loopback addresses that the upstream listens on, all with one port: so many endpoints can it be. */
export const upstreamAddresses = 100;

/** @param index from 0; the first one is 127.0.0.1 */
export function upstreamAddress(index: number): string {
  return `127.0.0.${index + 1}`;
}
