import {
  type TestEngine,
  type TestGateway,
  type TestUpstream,
  testGateway,
} from "../../../core/testing/index.ts";
import { Browser } from "./browser.ts";
import { clientId, clientSecret, type TestProvider } from "./provider.ts";

export const site = "http://localhost";
export const secret = "0123456789abcdef0123456789abcdef";

export interface LoginSettings {
  /** Of the strategy. */
  readonly oidc?: Readonly<Record<string, unknown>>;
  /** Of the policy. */
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly engine?: TestEngine;
  readonly upstream?: TestUpstream;
  readonly onStart?: string;
  /** Ms that a phase may take. */
  readonly wall?: number;
  /** In the place of the network. */
  readonly fetch?: (request: Request) => Response | Promise<Response>;
}

/** The config of a strategy for the provider. */
export function oidcConfig({ issuer }: Pick<TestProvider, "issuer">, settings: object = {}) {
  return {
    type: "oidc",
    issuer,
    clientId,
    clientSecret,
    session: { secrets: [secret] },
    ...settings,
  };
}

/** A gateway without a network in front of a service that tells what it was sent. The provider is the real one. */
export function startLoginGateway(
  provider: Pick<TestProvider, "issuer">,
  settings: LoginSettings = {},
): Promise<TestGateway> {
  const {
    oidc,
    policy,
    engine,
    upstream = echo,
    onStart = "refuse",
    fetch = throughNetwork,
    wall,
  } = settings;
  const config = { strategies: [{ ...oidcConfig(provider, oidc), onStart }], ...policy };
  const grants = { identity: true, kv: true, fetch: [{ origin: provider.issuer, private: true }] };
  return testGateway({
    plugins: [{ plugin: "auth", config, grants, ...(wall !== undefined && { limits: { wall } }) }],
    upstream,
    fetch,
    ...(engine !== undefined && { engine }),
  });
}

/** What the service got. */
export function echo(request: Request): Response {
  return Response.json({ url: request.url, ...Object.fromEntries(request.headers) });
}

/** As the gateway's own `fetch`, which a test can stand before. */
export function throughNetwork(request: Request): Promise<Response> {
  return fetch(request, { redirect: "manual" });
}

/** A browser that reaches the gateway at `site`, and everything else over the network. */
export function browserOf(gateway: TestGateway): Browser {
  const network = new Browser();
  return new Browser((url, init) =>
    url.origin === site ? gateway.fetch(url, { ...init, redirect: "manual" }) : network["send"](url, init),
  );
}
