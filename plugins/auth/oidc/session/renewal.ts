/** New access tokens for sessions whose own ends. */

import { TokenCache } from "../../token-cache.ts";
import { areAllowed } from "../claim-rules.ts";
import type { OidcConfig } from "../config.ts";
import type { ProveClient } from "../provider/client-auth.ts";
import { verifyIdToken } from "../provider/id-token.ts";
import type { Provider, ProviderHost } from "../provider/provider.ts";
import { askForTokens } from "../provider/token-endpoint.ts";
import { refreshedSession, type Session } from "./session.ts";
import { failedFor, type Renewed, rememberedFor, type SharedRenewals } from "./shared-renewals.ts";

/** Refreshes once for all requests of a session that come at the same time, or with the old cookie. */
export class Renewal {
  private readonly config: OidcConfig;
  private readonly provider: Provider;
  private readonly proveClient: ProveClient;
  private readonly host: ProviderHost;
  private readonly shared: SharedRenewals;
  private readonly running = new Map<string, Promise<Renewed>>();
  private readonly done = new TokenCache<Renewed>(1024);

  constructor(
    config: OidcConfig,
    provider: Provider,
    proveClient: ProveClient,
    host: ProviderHost,
    shared: SharedRenewals,
  ) {
    this.shared = shared;
    this.config = config;
    this.provider = provider;
    this.proveClient = proveClient;
    this.host = host;
  }

  isDue({ refreshAt, refreshToken }: Session): boolean {
    return refreshToken !== null && refreshAt !== null && this.host.now() >= refreshAt * 1000;
  }

  async renew(session: Session): Promise<Renewed> {
    const token = session.refreshToken!;
    const done = this.done.get(token, this.host.now());
    if (done !== null) return done;
    let running = this.running.get(token);
    if (running === undefined) {
      running = this.refresh(session, token).finally(() => this.running.delete(token));
      this.running.set(token, running);
    }
    return running;
  }

  private async refresh(session: Session, token: string): Promise<Renewed> {
    const { shared, host } = this;
    const key = await shared.keyOf(session);
    let renewed = await shared.known(key);
    if (renewed === null && !shared.claim(key)) renewed = await shared.wait(key);
    if (renewed === null) {
      renewed = await this.ask(session, token).catch((error: Error): Renewed => {
        host.warn(`a session could not be refreshed: ${error.message}`);
        return { kind: "failed" };
      });
      await shared.tell(key, renewed);
    }
    const seconds = renewed.kind === "failed" ? failedFor : rememberedFor;
    this.done.set(token, renewed, host.now() + seconds * 1000);
    return renewed;
  }

  private async ask(session: Session, token: string): Promise<Renewed> {
    const { config, host } = this;
    const metadata = await this.provider.metadata();
    if (metadata === null) return { kind: "failed" };
    const grant = { grant_type: "refresh_token", refresh_token: token };
    const result = await askForTokens(metadata.tokenEndpoint, grant, await this.proveClient(), host.call);
    if (result.kind === "refused") return { kind: "over" };
    if (result.kind === "failed") throw new Error(result.message);
    const { tokens } = result;
    const now = Math.floor(host.now() / 1000);
    if (tokens.idToken === null) {
      return { kind: "session", session: refreshedSession(session, null, tokens, config, now) };
    }
    const expected = { nonce: null, accessToken: tokens.accessToken };
    const verified = await verifyIdToken(tokens.idToken, expected, config, this.provider, host.now());
    if (verified.kind === "bad") throw new Error(verified.reason);
    const { claims } = verified;
    // OpenID Connect Core 1.0, section 12.2: it is the same user, or the answer is good for nothing.
    if (claims.sub !== session.sub || !areAllowed(claims, config.requireClaims, true))
      return { kind: "over" };
    return { kind: "session", session: refreshedSession(session, claims, tokens, config, now) };
  }
}
