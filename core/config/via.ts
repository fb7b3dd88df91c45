import { randomUUID } from "node:crypto";

/**
 * The name in Via when the operator gave none. Made once per process: two proxies in a chain that
 * share a name would take each other's requests for a loop, and a reload must not change it.
 */
export const defaultVia = `sluice-${randomUUID().slice(0, 8)}`;
