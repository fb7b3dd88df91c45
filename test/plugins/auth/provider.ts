import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import OidcProvider from "oidc-provider";
import type { Test } from "tap";

export interface ProviderSettings {
  /** Metadata of the client, in the place of the usual. */
  readonly client?: Readonly<Record<string, unknown>>;
  /** S for which access tokens are good. Default: 3600. */
  readonly accessTokenFor?: number;
  /** Claims of users by their subject, beside `sub`. */
  readonly users?: Readonly<Record<string, object>>;
}

export interface TestProvider {
  readonly issuer: string;
  readonly port: number;
  /** Who is at the browser: logs in without being asked. Null: says no. */
  user: string | null;
  /** Requests as `METHOD /path`, in order. */
  readonly asked: readonly string[];
  /** Answers instead of the provider, when it returns true. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Sends browsers back to one more site. All logins are forgotten. */
  allowSite(origin: string): void;
  /** Another key signs from now on, and the old one is gone. All logins are forgotten. */
  rotateKeys(): Promise<void>;
  count(asked: string): number;
}

export const clientId = "gateway";
export const clientSecret = "a/secret+of%the:client";

/**
 * A real provider (oidc-provider) on a port of this machine, until the test ends. Its users consent to all.
 *
 * @param sites origins to which it sends browsers back
 */
export async function startProvider(
  t: Test,
  sites: readonly string[],
  settings: ProviderSettings = {},
): Promise<TestProvider> {
  const asked: string[] = [];
  const allowed = [...sites];
  let provider: OidcProvider;
  let keys: readonly JWK[] = [];
  let handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  const server = createServer((request, response) => {
    const path = request.url!.split("?", 1)[0]!;
    asked.push(`${request.method} ${path}`);
    if (self.intercept(request, response)) return;
    if (path.startsWith("/interaction/")) void finish(request, response);
    else void handle(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;

  function begin(): void {
    provider = makeProvider(issuer, keys, allowed, settings);
    handle = provider.callback();
  }

  function finish(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const denial = { error: "access_denied", error_description: "the user said no" };
    const result = self.user === null ? denial : { login: { accountId: self.user } };
    return provider.interactionFinished(request, response, result);
  }

  const self: TestProvider = {
    issuer,
    port,
    user: "alice",
    asked,
    intercept: () => false,
    allowSite(origin) {
      allowed.push(origin);
      begin();
    },
    async rotateKeys() {
      keys = [await newKey("ES256"), await newKey("RS256")];
      begin();
    },
    count: (wanted) => asked.filter((one) => one === wanted).length,
  };
  firstRsaKey ??= newKey("RS256");
  keys = [await newKey("ES256"), await firstRsaKey];
  begin();
  return self;
}

function makeProvider(
  issuer: string,
  keys: readonly JWK[],
  sites: readonly string[],
  { client, accessTokenFor = 3600, users = {} }: ProviderSettings,
): OidcProvider {
  return new OidcProvider(issuer, {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: sites.map((site) => `${site}/oauth2/callback`),
        post_logout_redirect_uris: sites.map((site) => `${site}/`),
        grant_types: ["authorization_code", "refresh_token"],
        id_token_signed_response_alg: "ES256",
        ...client,
      },
    ],
    jwks: { keys },
    cookies: { keys: ["a key of the provider's own cookies"] },
    claims: { openid: ["sub"], profile: ["name", "groups"], email: ["email", "email_verified"] },
    conformIdTokenClaims: false,
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource: confirmLogout },
    },
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    findAccount: (_: unknown, sub: string) => ({
      accountId: sub,
      claims: () => ({ sub, ...users[sub] }),
    }),
    issueRefreshToken: () => true,
    rotateRefreshToken: () => true,
    ttl: {
      AccessToken: accessTokenFor,
      AuthorizationCode: 60,
      Grant: 3600,
      IdToken: 3600,
      Interaction: 600,
      RefreshToken: 3600,
      Session: 3600,
    },
    loadExistingGrant: consentToAll,
    // Its own refuses addresses of this machine.
    fetch: (url: string, { dispatcher: _, ...init }: RequestInit & { dispatcher?: unknown }) =>
      fetch(url, init),
  });
}

interface ProviderContext {
  readonly oidc: {
    readonly client: { readonly clientId: string };
    readonly session: { readonly accountId: string };
    readonly provider: {
      Grant: new (fields: object) => { addOIDCScope(scope: string): void; save(): Promise<string> };
    };
  };
}

async function consentToAll({ oidc: { client, session, provider } }: ProviderContext): Promise<unknown> {
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope("openid profile email offline_access");
  await grant.save();
  return grant;
}

/** The page that asks whether the user wants it: somebody says yes at once. */
function confirmLogout(context: { body: string }, form: string): void {
  const yes = form.replace("</form>", '<input type="hidden" name="logout" value="yes"></form>');
  context.body = `<!doctype html><title>logout</title>${yes}<script>document.forms[0].submit()</script>`;
}

/** Takes most of the time that a provider takes to start, and all may have the same. */
let firstRsaKey: Promise<JWK> | null = null;
let keyCount = 0;

async function newKey(alg: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg, use: "sig", kid: `key-${++keyCount}` };
}
