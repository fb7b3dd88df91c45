/** The way to the provider and back (OpenID Connect Core 1.0, section 3.1; RFC 9700). */
import { base64url } from "jose";
import type { PluginRequest } from "sluice/sdk";
import { isSame } from "../constant-time.ts";
import type { AuthContext } from "../strategy.ts";
import { type ProblemStatus, problem, redirect, wrongMethod } from "./answers.ts";
import { isNavigation } from "./browser.ts";
import { areAllowed } from "./claim-rules.ts";
import type { ProveClient } from "./client-auth.ts";
import type { OidcConfig } from "./config.ts";
import { type CookieNames, expired, mostLogins } from "./cookies.ts";
import { verifyIdToken } from "./id-token.ts";
import { type LoginAnswer, readLoginAnswer } from "./login-answer.ts";
import type { Metadata } from "./metadata.ts";
import type { Provider, ProviderHost } from "./provider.ts";
import { partsOf, returnPath } from "./return-path.ts";
import type { SealedBox } from "./sealed-box.ts";
import { askedScopes, newSession, type Session } from "./session.ts";
import type { SessionStore } from "./session-store.ts";
import { askForTokens, type Tokens } from "./token-endpoint.ts";
import { askUserinfo } from "./userinfo.ts";

/** What the browser keeps while it is at the provider. */
interface PendingLogin {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly redirectUri: string;
  readonly path: string;
  /** S since 1970. */
  readonly begun: number;
}

/** Old cookies that one response removes: it has to stay short. */
const mostRemoved = 32;
/** For how long a user may take, in s. */
const pendingFor = 900;

export interface LoginParts {
  readonly config: OidcConfig;
  readonly names: CookieNames;
  readonly provider: Provider;
  readonly proveClient: ProveClient;
  readonly box: SealedBox;
  readonly sessions: SessionStore;
  readonly host: ProviderHost;
}

/** Why a login came to nothing. */
class LoginFailure extends Error {
  readonly status: ProblemStatus;
  readonly code: string;

  constructor(status: ProblemStatus, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

export class Login {
  private readonly parts: LoginParts;

  constructor(parts: LoginParts) {
    this.parts = parts;
  }

  /** Sends a browser to the provider. @param wanted where it goes on afterwards */
  async begin(request: PluginRequest, wanted: string): Promise<Response> {
    const { config, names, provider, box, sessions, host } = this.parts;
    const metadata = await provider.metadata();
    if (metadata === null) return problem(503, "provider_unavailable");
    const login: PendingLogin = {
      state: randomText(),
      nonce: randomText(),
      verifier: randomText(),
      redirectUri: `${config.origin || partsOf(request.url).origin}${config.callbackPath}`,
      path: this.pathAfter(wanted),
      begun: Math.floor(host.now() / 1000),
    };
    const sealed = await box.seal(JSON.stringify(login));
    const name = loginCookie(names, login.state);
    const others = [...sessions.cookiesOf(request).logins.keys()];
    const tooMany = others.slice(0, Math.max(0, others.length - mostLogins + 1)).slice(0, mostRemoved);
    const cookies = [
      `${name}=${sealed}; Max-Age=${pendingFor}; ${names.loginAttributes}`,
      ...expired(tooMany, names.loginAttributes),
    ];
    return redirect(withQuery(metadata.authorizationEndpoint, await this.question(login)), cookies);
  }

  /** A browser comes back. */
  async finish(request: PluginRequest, ctx: AuthContext): Promise<Response> {
    const { names, sessions, host } = this.parts;
    if (request.method !== "GET") return wrongMethod("GET");
    const cookies = sessions.cookiesOf(request);
    const answer = readLoginAnswer(partsOf(request.url).query);
    const name = answer === null ? "" : loginCookie(names, answer.state);
    const spent = cookies.logins.has(name) ? expired([name], names.loginAttributes) : [];
    try {
      if (answer === null) throw new LoginFailure(400, "malformed_answer");
      const login = await this.pending(cookies.logins.get(name) ?? null, answer.state);
      const session = await this.exchange(answer, login, ctx);
      const stored = await sessions.store(session, cookies.sessionNames);
      if (stored === null) throw new LoginFailure(502, "session_too_large");
      ctx.metrics.counter("logins");
      return redirect(login.path, [...stored, ...spent]);
    } catch (error) {
      const { status, code } = error instanceof LoginFailure ? error : new LoginFailure(502, "login_failed");
      // Back and reload show an old answer again: nothing comes of it, and nothing has to.
      const known = status === 400 && isNavigation(request) ? await sessions.find(cookies, ctx) : null;
      if (known !== null && !("none" in known)) return redirect("/", spent);
      if (!(error instanceof LoginFailure)) host.warn(`a login failed: ${(error as Error).message}`);
      ctx.metrics.counter(`login_${code}`);
      return problem(status, code, spent);
    }
  }

  /** Not one of those that would begin or end a login. */
  private pathAfter(wanted: string): string {
    const { callbackPath, loginPath, logout } = this.parts.config;
    const path = returnPath(wanted);
    return [callbackPath, loginPath, logout.path, logout.backChannelPath].includes(partsOf(`//x${path}`).path)
      ? "/"
      : path;
  }

  private async question({ state, nonce, verifier, redirectUri }: PendingLogin) {
    const { config } = this.parts;
    const digest = await crypto.subtle.digest("SHA-256", bytesOfText(verifier));
    return {
      ...config.parameters,
      response_type: "code",
      client_id: config.clientId,
      redirect_uri: redirectUri,
      scope: askedScopes(config.scopes).join(" "),
      state,
      nonce,
      code_challenge: base64url.encode(new Uint8Array(digest)),
      code_challenge_method: "S256",
    };
  }

  /** What this browser, and no other one, has kept of the login that the answer is for. */
  private async pending(sealed: string | null, state: string): Promise<PendingLogin> {
    const text = sealed === null ? null : await this.parts.box.open(sealed);
    if (text === null) throw new LoginFailure(400, "unknown_login");
    const login = JSON.parse(text) as PendingLogin;
    if (!isSame(bytesOfText(login.state), bytesOfText(state))) throw new LoginFailure(400, "unknown_login");
    if (this.parts.host.now() / 1000 >= login.begun + pendingFor)
      throw new LoginFailure(400, "login_expired");
    return login;
  }

  private async exchange(answer: LoginAnswer, login: PendingLogin, ctx: AuthContext): Promise<Session> {
    const { config, provider, proveClient, host } = this.parts;
    const metadata = await provider.metadata();
    if (metadata === null) throw new LoginFailure(503, "provider_unavailable");
    checkIssuer(answer.iss, metadata, config.issuer);
    if (answer.code === null) {
      throw new LoginFailure(answer.error === "access_denied" ? 403 : 502, "refused_by_provider");
    }
    // A code is good once at the provider; that its answer is, too, does not depend on the provider.
    if (ctx.counters.add(`oidc used ${login.state}`, 1, { most: 1, ttl: pendingFor }) === undefined) {
      throw new LoginFailure(400, "used_login");
    }
    const grant = {
      grant_type: "authorization_code",
      code: answer.code,
      redirect_uri: login.redirectUri,
      code_verifier: login.verifier,
    };
    const result = await askForTokens(metadata.tokenEndpoint, grant, await proveClient(), host.call);
    if (result.kind === "refused") throw new LoginFailure(400, "refused_code");
    if (result.kind === "failed") throw new Error(result.message);
    return this.sessionOf(result.tokens, login, metadata);
  }

  private async sessionOf(tokens: Tokens, { nonce }: PendingLogin, metadata: Metadata): Promise<Session> {
    const { config, provider, host } = this.parts;
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
}

/** RFC 9207, section 2.4: another provider's answer to a question of this one (mix-up). */
function checkIssuer(iss: string | null, { namesIssuer }: Metadata, issuer: string): void {
  if (iss === null ? namesIssuer : iss !== issuer) throw new LoginFailure(400, "other_issuer");
}

function loginCookie({ login }: CookieNames, state: string): string {
  return `${login}${state.slice(0, 8)}`;
}

function bytesOfText(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
}

/** 256 random bits. */
function randomText(): string {
  return base64url.encode(crypto.getRandomValues(new Uint8Array(32)));
}

export function withQuery(url: string, values: Readonly<Record<string, string>>): string {
  return `${url}${url.includes("?") ? "&" : "?"}${new URLSearchParams(values).toString()}`;
}
