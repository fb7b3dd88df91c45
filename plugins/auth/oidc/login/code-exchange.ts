/** The session that a code is good for (OpenID Connect Core 1.0, section 3.1.3). */
import type { AuthContext } from "../../strategy.ts";
import { areAllowed } from "../claim-rules.ts";
import { verifyIdToken } from "../provider/id-token.ts";
import type { Metadata } from "../provider/metadata.ts";
import { askForTokens, type Tokens } from "../provider/token-endpoint.ts";
import { askUserinfo } from "../provider/userinfo.ts";
import { randomText } from "../random-text.ts";
import { newSession, type Session } from "../session/session.ts";
import type { LoginAnswer } from "./login-answer.ts";
import { LoginFailure, type LoginParts, type PendingLogin, pendingFor } from "./login-parts.ts";

/** @throws LoginFailure for what is known to go wrong, Error for the rest */
export async function exchangeCode(
  answer: LoginAnswer,
  login: PendingLogin,
  ctx: AuthContext,
  parts: LoginParts,
): Promise<Session> {
  const { config, provider, proveClient, host } = parts;
  const metadata = await provider.metadata();
  if (metadata === null) throw new LoginFailure(503, "provider_unavailable");
  checkIssuer(answer.iss, metadata, config.issuer);
  if (answer.code === null) {
    throw new LoginFailure(answer.error === "access_denied" ? 403 : 502, "refused_by_provider");
  }
  // A code is good once at the provider; that its answer is, too, does not depend on the provider.
  const mark = `oidc used ${login.state}`;
  if (ctx.counters.add(mark, 1, { most: 1, ttl: pendingFor }) === undefined) {
    throw new LoginFailure(400, "used_login");
  }
  const grant = {
    grant_type: "authorization_code",
    code: answer.code,
    redirect_uri: login.redirectUri,
    code_verifier: login.verifier,
  };
  const result = await askForTokens(metadata.tokenEndpoint, grant, await proveClient(), host.call);
  if (result.kind === "refused") {
    // Or anybody could fill the memory with codes that are none, and push out which sessions have ended.
    ctx.counters.delete(mark);
    throw new LoginFailure(400, "refused_code");
  }
  if (result.kind === "failed") throw new Error(result.message);
  return sessionOf(result.tokens, login, metadata, parts);
}

async function sessionOf(
  tokens: Tokens,
  { nonce }: PendingLogin,
  metadata: Metadata,
  { config, provider, host }: LoginParts,
): Promise<Session> {
  if (tokens.idToken === null) throw new LoginFailure(502, "no_id_token");
  const { max_age: maxAge } = config.parameters;
  const expected = {
    nonce,
    accessToken: tokens.accessToken,
    ...(maxAge !== undefined && { maxAge: Number(maxAge) }),
  };
  const verified = await verifyIdToken(tokens.idToken, expected, config, provider, host.now());
  if (verified.kind === "bad") throw new LoginFailure(502, verified.reason);
  let claims: Readonly<Record<string, unknown>> = verified.claims;
  if (config.userinfo) {
    claims = {
      ...(await askUserinfo(metadata, tokens.accessToken, verified.claims.sub, host.call)),
      ...claims,
    };
  }
  if (!areAllowed(claims, config.requireClaims)) throw new LoginFailure(403, "user_not_allowed");
  const session = newSession(randomText(), claims, tokens, config, Math.floor(host.now() / 1000));
  if (session === null) throw new LoginFailure(502, "no_subject");
  return session;
}

/** RFC 9207, section 2.4: another provider's answer to a question of this one (mix-up). */
function checkIssuer(iss: string | null, { namesIssuer }: Metadata, issuer: string): void {
  if (iss === null ? namesIssuer : iss !== issuer) throw new LoginFailure(400, "other_issuer");
}
