/** The way to the provider and back (OpenID Connect Core 1.0, section 3.1; RFC 9700). */
import { base64url } from "jose";
import type { PluginRequest } from "sluice/sdk";
import { isSame } from "../../constant-time.ts";
import type { AuthContext } from "../../strategy.ts";
import { problem, redirect, wrongMethod } from "../answers.ts";
import { isNavigation } from "../browser.ts";
import { type CookieNames, expired, mostLogins } from "../cookies.ts";
import { randomText } from "../random-text.ts";
import { askedScopes } from "../session/session.ts";
import { exchangeCode } from "./code-exchange.ts";
import { readLoginAnswer } from "./login-answer.ts";
import { LoginFailure, type LoginParts, type PendingLogin, pendingFor } from "./login-parts.ts";
import { partsOf, returnPath } from "./return-path.ts";

/** Old cookies that one response removes: it has to stay short. */
const mostRemoved = 32;

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
      const session = await exchangeCode(answer, login, ctx, this.parts);
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
}

function loginCookie({ login }: CookieNames, state: string): string {
  return `${login}${state.slice(0, 8)}`;
}

function bytesOfText(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
}

export function withQuery(url: string, values: Readonly<Record<string, string>>): string {
  return `${url}${url.includes("?") ? "&" : "?"}${new URLSearchParams(values).toString()}`;
}
