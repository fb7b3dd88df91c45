/** What came of one check. */
export type CheckOutcome =
  | { readonly ok: true }
  /**
   * `reason` is short and of few kinds: `status 503`, `body_mismatch`, `timeout`, `request_malformed` or a code of `ProxyError`; `detail`
   * tells more.
   */
  | { readonly ok: false; readonly reason: string; readonly detail: string };

export const goodCheck: CheckOutcome = { ok: true };

export function badCheck(reason: string, detail: string): CheckOutcome {
  return { ok: false, reason, detail };
}
