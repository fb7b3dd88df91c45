/**
 * Who sent the request, as a policy found out. The policies behind it, `onLog` and the access log see it; a request
 * that no policy asked about has none.
 *
 * @example
 * onRequest(request, ctx) {
 *   if (!ctx.identity?.scopes.includes("orders:write")) return new Response(null, { status: 403 });
 * }
 */
export interface Identity {
  /** Unique among those that the method knows: a user, a service, an owner of a key. */
  readonly subject: string;
  /** How it was found: `api-key`, `jwt`, or a name of yours. */
  readonly method: string;
  /** What else is known; JSON. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** What it may do. */
  readonly scopes: readonly string[];
  /** What it belongs to. */
  readonly groups: readonly string[];
}
