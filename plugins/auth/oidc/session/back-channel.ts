/** The provider says that a user has logged out there (OpenID Connect Back-Channel Logout 1.0). */
import type { PluginRequest } from "sluice/sdk";
import type { AuthContext } from "../../strategy.ts";
import { problem, wrongMethod } from "../answers.ts";
import type { LoginParts } from "../login/login-parts.ts";
import { readProviderToken } from "../provider/provider-token.ts";

/** For how long after it was signed a logout token is taken, in s. */
const freshFor = 300;
const event = "http://schemas.openid.net/event/backchannel-logout";

/** Whose sessions end: that of one login at the provider, or all of a user. */
export type Ended = { readonly sid: string } | { readonly sub: string };

export async function endFromProvider(
  request: PluginRequest,
  ctx: AuthContext,
  parts: LoginParts,
): Promise<Response> {
  if (request.method !== "POST") return wrongMethod("POST");
  const token = new URLSearchParams(await request.text()).get("logout_token");
  const ended = token === null ? "form" : await readLogoutToken(token, ctx, parts);
  if (typeof ended === "string") {
    ctx.metrics.counter(`logout_token_${ended}`);
    return problem(400, `logout_token_${ended}`);
  }
  parts.sessions.endAll(ended, ctx);
  ctx.metrics.counter("logouts");
  return new Response(null, { status: 200, headers: { "cache-control": "no-store" } });
}

/** Section 2.6. A short code of what is wrong with a bad one. */
async function readLogoutToken(
  token: string,
  ctx: AuthContext,
  { config, provider, sessions, host }: LoginParts,
): Promise<Ended | string> {
  const read = await readProviderToken(token, ["jti", "events"], config, provider, host.now());
  if (typeof read === "string") return read;
  const { sid, sub, jti, iat, events, nonce } = read.claims;
  // With a nonce it would be an ID token.
  if (nonce !== undefined || !hasEvent(events) || !isName(jti)) return "claims";
  if (host.now() / 1000 >= iat! + freshFor + config.clockTolerance) return "expired";
  if (!sessions.isFirst(jti, 2 * freshFor, ctx)) return "used";
  if (isName(sid)) return { sid };
  return isName(sub) ? { sub } : "claims";
}

function hasEvent(events: unknown): boolean {
  return typeof events === "object" && events !== null && Object.hasOwn(events, event);
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= 255;
}
