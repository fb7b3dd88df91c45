import { formatAddress } from "../../config/address.ts";
import type { StoreConfig } from "../../config/store-model.ts";
import { formatDuration } from "../../config/units.ts";

/**
 * A shared store as a plan tells it.
 *
 * @example
 * storeText(config.stores[0]!); // 'store shared: Redis at 127.0.0.1:6379, ...\n'
 */
export function storeText({ name, redis }: StoreConfig): string {
  const { address, database, username, password, tls, keyPrefix, connectTimeout, commandTimeout } = redis;
  const facts = [
    `Redis at ${formatAddress(address)}`,
    `database ${database}`,
    tls === null ? "plain text" : tls.verify ? "TLS" : "TLS that is NOT verified",
    password === null ? "no password" : `as ${username ?? "the default user"}`,
  ];
  return `store ${name}: ${facts.join(", ")}
  keys    ${JSON.stringify(keyPrefix)} before each
  lost    ${formatDuration(connectTimeout)} to connect, ${formatDuration(commandTimeout)} to answer
`;
}
