import { createHash } from "node:crypto";
import { clientId, type TestProvider } from "./provider.ts";
import { newSigner, type Signer, sign } from "./tokens.ts";

export interface FakeProvider extends Pick<TestProvider, "issuer"> {
  readonly signer: Signer;
  /** Calls of the token endpoint: what was sent. */
  readonly calls: URLSearchParams[];
  /** The question of the login at hand, as `browse` was told. */
  question: URLSearchParams;
  /** Members of the metadata in the place of the usual; undefined: it is not there. */
  metadata: Record<string, unknown>;
  /** Claims in the place of the usual. */
  claims: Record<string, unknown>;
  /** Makes the ID token in the place of the usual signature. */
  token: ((claims: Record<string, unknown>) => string | Promise<string>) | null;
  /** Members of the answer in the place of the usual. */
  answer: Record<string, unknown>;
  status: number;
  readonly fetch: (request: Request) => Promise<Response>;
}

/** A provider without a network that says whatever a test has it say, well signed. */
export async function fakeProvider(issuer = "https://login.example.com"): Promise<FakeProvider> {
  const signer = await newSigner("ES256", "1");
  const self: FakeProvider = {
    issuer,
    signer,
    calls: [],
    question: new URLSearchParams(),
    metadata: {},
    claims: {},
    token: null,
    answer: {},
    status: 200,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname.endsWith("/openid-configuration")) return Response.json(metadataOf(self));
      if (pathname === "/keys") return Response.json({ keys: [signer.jwk] });
      if (pathname === "/userinfo") return Response.json({ sub: "alice", ...self.claims });
      self.calls.push(new URLSearchParams(await request.text()));
      return Response.json(await tokensOf(self), { status: self.status });
    },
  };
  return self;
}

function metadataOf({ issuer, metadata }: FakeProvider): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/keys`,
    userinfo_endpoint: `${issuer}/userinfo`,
    ...metadata,
  };
}

async function tokensOf({ signer, question, claims, token, answer }: FakeProvider): Promise<object> {
  const accessToken = "an access token";
  const all = {
    aud: clientId,
    nonce: question.get("nonce"),
    at_hash: createHash("sha256").update(accessToken).digest().subarray(0, 16).toString("base64url"),
    ...claims,
  };
  return {
    access_token: accessToken,
    token_type: "Bearer",
    expires_in: 3600,
    id_token: token === null ? await sign(signer, all) : await token(all),
    ...answer,
  };
}
