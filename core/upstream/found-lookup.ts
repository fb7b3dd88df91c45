import type { LookupFunction } from "node:net";

/**
 * How the names are looked up that a plugin chose for endpoints: whoever answers for one must not lead requests to where no
 * name may, the metadata services of clouds above all. The operator's own names are his.
 *
 * The check is loaded with the first such name: most proxies have none, and their start need not wait for it.
 */
export const lookupOfFound: LookupFunction = (host, options, callback) => {
  import("../sandbox/host/outbound/lookup.ts").then(
    ({ checkedLookup, resolveBySystem }) =>
      checkedLookup("private", resolveBySystem)(host, options, callback),
    (error: NodeJS.ErrnoException) => callback(error, "", 0),
  );
};
