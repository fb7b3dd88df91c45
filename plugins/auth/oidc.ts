/** Browsers that log in at a provider (OpenID Connect), and keep a session in an encrypted cookie. */
import type { Identity, PluginRequest, PluginResponse } from "sluice/sdk";
import { problem } from "./oidc/answers.ts";
import { isNavigation } from "./oidc/browser.ts";
import { checkSettings } from "./oidc/check-settings.ts";
import { type OidcConfig, oidcSchema } from "./oidc/config.ts";
import { cookieNames, removeCookies } from "./oidc/cookies.ts";
import { inTime } from "./oidc/in-time.ts";
import { Login } from "./oidc/login/login.ts";
import type { LoginParts } from "./oidc/login/login-parts.ts";
import { partsOf } from "./oidc/login/return-path.ts";
import { clientAuth } from "./oidc/provider/client-auth.ts";
import { Provider, type ProviderHost } from "./oidc/provider/provider.ts";
import { callProvider } from "./oidc/provider/provider-call.ts";
import { endFromProvider } from "./oidc/session/back-channel.ts";
import { endLogin } from "./oidc/session/logout.ts";
import { Renewal } from "./oidc/session/renewal.ts";
import { SealedBox } from "./oidc/session/sealed-box.ts";
import { identityOfSession, isWorn, type Session } from "./oidc/session/session.ts";
import { type Renewed, SharedRenewals, type SharedState } from "./oidc/session/shared-renewals.ts";
import { type Found, type OpenSession, SessionStore } from "./oidc/session/store.ts";
import type { AuthContext, Strategy, StrategyType, Verdict } from "./strategy.ts";

export const oidc: StrategyType<OidcConfig> = {
  type: "oidc",
  schema: oidcSchema,
  create(config, { log, kv, counters }) {
    const warn = (message: string) => log.warn(message);
    return oidcStrategy(
      config,
      { now: Date.now, call: callProvider(config.timeout), warn },
      { kv, counters },
    );
  },
};

/** Ms that a request waits for a refresh that is not urgent. */
const patience = 1000;
const unavailable: Verdict = { kind: "refused", reason: "no_provider", status: 503, retryAfter: 5 };

interface Parts extends LoginParts {
  readonly login: Login;
  readonly renewal: Renewal;
}

/** @throws Error for a config that makes no sense */
export function oidcStrategy(config: OidcConfig, host: ProviderHost, state: SharedState): Strategy {
  const { callbackPath, loginPath, logout, forward } = config;
  checkSettings(config);
  const names = cookieNames(config.session);
  const provider = new Provider(config, host);
  /** Values of Set-Cookie for responses that are yet to come. */
  const pending = new WeakMap<AuthContext, readonly string[]>();
  /** Null: the client cannot say who it is. */
  let parts: Parts | null = null;

  async function start(): Promise<void> {
    const proveClient = await clientAuth(config, host.now);
    const { secrets, cookie, domain } = config.session;
    const owner = [config.issuer, config.clientId, cookie, domain];
    const box = await SealedBox.from(secrets, ["login", ...owner]);
    const sessionBox = await SealedBox.from(secrets, ["session", ...owner]);
    const sessions = new SessionStore(config, names, sessionBox, host.now);
    const shared = { config, names, provider, proveClient, box, sessions, host };
    const renewalBox = await SealedBox.from(secrets, ["renewal", ...owner]);
    // It may have to ask for metadata, tokens and keys.
    const renewals = new SharedRenewals(state, renewalBox, 3 * config.timeout);
    const renewal = new Renewal(config, provider, proveClient, host, renewals);
    parts = { ...shared, login: new Login(shared), renewal };
    await provider.start();
  }

  function authenticate(request: PluginRequest, ctx: AuthContext): Verdict | Promise<Verdict> {
    if (parts === null) return unavailable;
    const { path, query } = partsOf(request.url);
    if (path === callbackPath) return answered(parts.login.finish(request, ctx), ctx);
    if (path === logout.path) return answered(endLogin(request, ctx, parts), ctx);
    if (path === logout.backChannelPath) return answered(endFromProvider(request, ctx, parts), ctx);
    if (path === loginPath) {
      return answered(parts.login.begin(request, new URLSearchParams(query).get("return") ?? "/"), ctx);
    }
    const cookies = parts.sessions.cookiesOf(request);
    const found = parts.sessions.find(cookies, ctx);
    const own = parts;
    const judge = (result: Found) => judgeFound(result, cookies.sessionNames, own, request, ctx);
    return found instanceof Promise ? found.then(judge) : judge(found);
  }

  function judgeFound(
    found: Found,
    old: readonly string[],
    own: Parts,
    request: PluginRequest,
    ctx: AuthContext,
  ): Verdict | Promise<Verdict> {
    if ("none" in found) {
      if (found.none !== "absent") ctx.metrics.counter(`session_${found.none}`);
      return stranger(own, request, ctx);
    }
    if (own.renewal.isDue(found.session)) return renew(found, old, own, request, ctx);
    const now = host.now() / 1000;
    if (isAccessOver(found.session, now)) return stranger(own, request, ctx);
    if (!isWorn(found.session, config, now)) return pass(found.session, found.identity, request);
    const session = { ...found.session, seen: Math.floor(now) };
    return own.sessions.store(session, old).then((cookies) => {
      if (cookies !== null) pending.set(ctx, cookies);
      return pass(session, found.identity, request);
    });
  }

  async function renew(
    found: OpenSession,
    old: readonly string[],
    own: Parts,
    request: PluginRequest,
    ctx: AuthContext,
  ): Promise<Verdict> {
    const { accessUntil } = found.session;
    const isOver = accessUntil !== null && host.now() >= accessUntil * 1000;
    const renewing = own.renewal.renew(found.session);
    ctx.waitUntil(renewing);
    const late = (): Renewed => ({ kind: "failed" });
    // Who has a good token does not wait for long: a later request gets what comes of it.
    const renewed = await inTime(renewing, ctx, late, isOver ? undefined : patience);
    if (renewed.kind === "over") return stranger(own, request, ctx);
    if (renewed.kind === "failed") {
      return isOver ? unavailable : pass(found.session, found.identity, request);
    }
    const cookies = await own.sessions.store(renewed.session, old);
    if (cookies === null) return unavailable;
    pending.set(ctx, cookies);
    return pass(renewed.session, identityOfSession(renewed.session), request);
  }

  function pass({ accessToken }: Session, identity: Identity, { headers }: PluginRequest): Verdict {
    if (accessToken !== null) headers.set(forward, isAuthorization ? `Bearer ${accessToken}` : accessToken);
    return { kind: "identity", identity };
  }

  /** An access token that the service needs, and that nobody can renew, ends the session with it. */
  function isAccessOver({ accessToken, accessUntil, refreshToken }: Session, now: number): boolean {
    return accessToken !== null && refreshToken === null && accessUntil !== null && now >= accessUntil;
  }

  function stranger({ login }: Parts, request: PluginRequest, ctx: AuthContext): Verdict {
    function invite(): Promise<Response> | null {
      if (!isNavigation(request)) return null;
      const { path, query } = partsOf(request.url);
      return inTime(login.begin(request, query === "" ? path : `${path}?${query}`), ctx, tooSlow);
    }
    return { kind: "absent", invite };
  }

  function conceal({ headers }: PluginRequest): void {
    removeCookies(headers, names);
  }

  function respond({ headers }: PluginResponse, ctx: AuthContext): void {
    const cookies = pending.get(ctx);
    if (cookies === undefined) return;
    for (const cookie of cookies) headers.append("set-cookie", cookie);
    // Or a cache on the way would give one user's session to another.
    headers.set("cache-control", "no-store");
  }

  const isAuthorization = forward.toLowerCase() === "authorization";
  return {
    name: "oidc",
    // No scheme of RFC 9110 stands for this, but a 401 needs one.
    challenge: 'Session realm="login"',
    // Authorization is also where programs have credentials for other strategies.
    ownFields: forward === "" || isAuthorization ? [] : [forward],
    start,
    authenticate,
    conceal,
    respond,
  };
}

function tooSlow(): Response {
  return problem(503, "provider_slow");
}

function answered(response: Promise<Response>, ctx: AuthContext): Promise<Verdict> {
  ctx.waitUntil(response);
  return inTime(response, ctx, tooSlow).then((found): Verdict => ({ kind: "respond", response: found }));
}
