/** The end of a login (OpenID Connect RP-Initiated Logout 1.0; RFC 7009). */
import type { PluginRequest } from "sluice/sdk";
import type { AuthContext } from "../../strategy.ts";
import { logoutPage, problem, redirect, wrongMethod } from "../answers.ts";
import { isFromOwnSite, isNavigation } from "../browser.ts";
import { expired } from "../cookies.ts";
import { withQuery } from "../login/login.ts";
import type { LoginParts } from "../login/login-parts.ts";
import { partsOf } from "../login/return-path.ts";
import type { Metadata } from "../provider/metadata.ts";
import type { Session } from "./session.ts";

export async function endLogin(
  request: PluginRequest,
  ctx: AuthContext,
  parts: LoginParts,
): Promise<Response> {
  const { config, names, provider, sessions } = parts;
  if (request.method !== "GET" && request.method !== "POST") return wrongMethod("GET, POST");
  const origin = config.origin || partsOf(request.url).origin;
  if (!isFromOwnSite(request, origin)) {
    return isNavigation(request) ? logoutPage(config.logout.path) : problem(403, "cross_site_logout");
  }
  const cookies = sessions.cookiesOf(request);
  const found = await sessions.find(cookies, ctx);
  const session = "none" in found ? null : found.session;
  const removed = expired(cookies.sessionNames, names.attributes);
  if (session === null) return redirect(config.logout.after, removed);
  sessions.end(session, ctx);
  ctx.metrics.counter("logouts");
  const metadata = await provider.metadata();
  if (metadata !== null) ctx.waitUntil(revoke(session, metadata, parts));
  const after = metadata === null ? null : providerLogout(session, metadata, origin, parts);
  return redirect(after ?? config.logout.after, removed);
}

/** Null: the provider cannot do it, or is not to. */
function providerLogout(
  { idToken }: Session,
  { endSessionEndpoint }: Metadata,
  origin: string,
  { config }: LoginParts,
): string | null {
  if (!config.logout.provider || endSessionEndpoint === null) return null;
  return withQuery(endSessionEndpoint, {
    ...(idToken !== null && { id_token_hint: idToken }),
    client_id: config.clientId,
    post_logout_redirect_uri: `${origin}${config.logout.after}`,
  });
}

/** Whoever has a copy of the cookie shall not have the provider make tokens of it. */
async function revoke(session: Session, { revocationEndpoint }: Metadata, parts: LoginParts): Promise<void> {
  const { config, proveClient, host } = parts;
  if (!config.logout.revoke || revocationEndpoint === null || session.refreshToken === null) return;
  try {
    const { headers, form } = await proveClient();
    const token = { token: session.refreshToken, token_type_hint: "refresh_token" };
    const { status } = await host.call(revocationEndpoint, {
      method: "POST",
      headers: { ...headers, "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ ...token, ...form }).toString(),
    });
    if (status !== 200) throw new Error(`status ${status}`);
  } catch (error) {
    host.warn(`a refresh token could not be revoked: ${(error as Error).message}`);
  }
}
