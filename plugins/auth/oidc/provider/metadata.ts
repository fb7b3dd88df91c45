/** What a provider publishes of itself (OpenID Connect Discovery 1.0, section 3). */

export interface Metadata {
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly jwksUri: string;
  /** Null: there is none. */
  readonly userinfoEndpoint: string | null;
  readonly endSessionEndpoint: string | null;
  readonly revocationEndpoint: string | null;
  /** Whether each of its answers says whose it is (RFC 9207). */
  readonly namesIssuer: boolean;
}

/** Section 4.1: what stands between, if the issuer has a path, is a part of it. */
export function discoveryUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
}

/**
 * Reads the metadata of an issuer.
 *
 * @throws Error when it is that of another one, or lacks what a login needs
 */
export function readMetadata(text: string, issuer: string): Metadata {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) throw new Error("the metadata is no object");
  const members = value as Readonly<Record<string, unknown>>;
  // Section 4.3: exactly the same, or one provider could speak for another.
  if (members["issuer"] !== issuer) throw new Error("the metadata is that of another issuer");
  const methods = members["code_challenge_methods_supported"];
  if (Array.isArray(methods) && !methods.includes("S256"))
    throw new Error("the provider cannot do PKCE with S256");
  const endpoint = (name: string) => endpointOf(members, name, issuer);
  return {
    authorizationEndpoint: needed(endpoint("authorization_endpoint"), "authorization_endpoint"),
    tokenEndpoint: needed(endpoint("token_endpoint"), "token_endpoint"),
    jwksUri: needed(endpoint("jwks_uri"), "jwks_uri"),
    userinfoEndpoint: endpoint("userinfo_endpoint"),
    endSessionEndpoint: endpoint("end_session_endpoint"),
    revocationEndpoint: endpoint("revocation_endpoint"),
    namesIssuer: members["authorization_response_iss_parameter_supported"] === true,
  };
}

function endpointOf(members: Readonly<Record<string, unknown>>, name: string, issuer: string): string | null {
  const value = members[name];
  if (value === undefined || value === null) return null;
  // Of a provider with TLS all is.
  const isFit = typeof value === "string" && /^https?:\/\/[^\s#]+$/.test(value);
  if (!isFit || (issuer.startsWith("https:") && !value.startsWith("https:"))) {
    throw new Error(`${name} of the metadata is no URL that may be used`);
  }
  return value;
}

function needed(value: string | null, name: string): string {
  if (value === null) throw new Error(`the metadata has no ${name}`);
  return value;
}
