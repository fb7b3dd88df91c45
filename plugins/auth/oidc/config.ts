import type { ConfigOf } from "sluice/sdk";
import { publicKeyAlgorithms, seconds } from "../schema-parts.ts";

const path = (byDefault: string, pattern: string, description: string) =>
  ({ type: "string", pattern, default: byDefault, description }) as const;
/** As the proxy writes canonical paths: of these characters it changes none. */
const ownPath = "(/[A-Za-z0-9._~-]+)+";

/** The config of `type: oidc`. */
export const oidcSchema = {
  type: "object",
  required: ["issuer", "clientId", "session"],
  additionalProperties: false,
  properties: {
    issuer: {
      type: "string",
      pattern: "^https?://[^\\s?#]+$",
      description: "The provider, letter by letter as it calls itself in iss",
    },
    clientId: { type: "string", minLength: 1, description: "What the provider calls this proxy" },
    clientSecret: { type: "string", default: "", description: "The secret that goes with it" },
    clientAuth: {
      enum: ["basic", "post", "private-key-jwt", "none"],
      default: "basic",
      description: "How this proxy says to the provider that it is the client",
    },
    clientKey: {
      type: "object",
      additionalProperties: false,
      default: {},
      description: "The key of private-key-jwt",
      properties: {
        key: { type: "string", default: "", description: "A private key, PEM (BEGIN PRIVATE KEY) or JWK" },
        alg: { enum: ["ES256", "RS256", "PS256"], default: "ES256", description: "How it signs" },
        kid: { type: "string", default: "", description: "Its name at the provider; empty: none" },
        audience: {
          type: "string",
          default: "",
          description: "Whom its tokens are for; empty: the issuer",
        },
      },
    },
    scopes: {
      type: "array",
      items: { type: "string", pattern: "^[\\x21\\x23-\\x5b\\x5d-\\x7e]+$" },
      default: ["openid", "profile", "email"],
      description:
        "What is asked for; openid always is; offline_access for a refresh token at many providers",
    },
    parameters: {
      type: "object",
      additionalProperties: { type: "string" },
      default: {},
      description: "Further parameters of the request for a login, such as prompt or acr_values",
    },
    origin: {
      type: "string",
      pattern: "^(https?://[A-Za-z0-9.:\\[\\]-]+)?$",
      default: "",
      description: "Origin of this site as browsers know it; empty: as the request says",
    },
    callbackPath: path(
      "/oauth2/callback",
      `^${ownPath}$`,
      "Path to which the provider sends browsers back, which it has to know with the origin before it",
    ),
    loginPath: path(
      "",
      `^(${ownPath})?$`,
      "Path that begins a login, and goes on at the path in its parameter return; empty: none",
    ),
    algorithms: {
      type: "array",
      minItems: 1,
      items: {
        enum: publicKeyAlgorithms,
      },
      default: ["ES256", "RS256", "PS256", "EdDSA"],
      description: "Algorithms of signatures that ID tokens may have",
    },
    clockTolerance: seconds(5, 600, "Seconds by which clocks may differ"),
    userinfo: {
      type: "boolean",
      default: false,
      description: "Whether the claims of the userinfo endpoint are added at a login",
    },
    claims: {
      type: "array",
      items: { type: "string", minLength: 1 },
      default: ["name", "email", "preferred_username"],
      description: "Claims that the session keeps",
    },
    requireClaims: {
      type: "object",
      additionalProperties: { type: "array", items: { type: ["string", "boolean", "number"] } },
      default: {},
      description:
        "Claims that a user must have, each with one of these values; [] for any value; a.b is b within a",
    },
    subjectClaim: {
      type: "string",
      minLength: 1,
      default: "sub",
      description: "The claim that is the subject",
    },
    groupsClaim: { type: "string", default: "groups", description: "That of the groups; a.b is b within a" },
    scopesClaim: {
      type: "string",
      default: "",
      description: "That of the scopes; empty: those that the access token has",
    },
    session: {
      type: "object",
      required: ["secrets"],
      additionalProperties: false,
      description: "What a browser keeps after a login: an encrypted cookie",
      properties: {
        secrets: {
          type: "array",
          minItems: 1,
          maxItems: 8,
          items: { type: "string", minLength: 32 },
          description: "The first encrypts, all of them decrypt",
        },
        lifetime: seconds(28_800, 31_536_000, "Seconds after which a login is over", 1),
        idle: seconds(3600, 31_536_000, "Seconds without a request after which it is over; 0: any number"),
        cookie: {
          type: "string",
          pattern: "^[A-Za-z0-9-]{1,64}$",
          default: "session",
          description: "Its name, behind __Host-, or behind __Secure- if there is a domain",
        },
        domain: {
          type: "string",
          pattern: "^[A-Za-z0-9.-]*$",
          default: "",
          description: "Domain of the sites that share it; empty: this site alone",
        },
        cache: {
          type: "integer",
          minimum: 0,
          maximum: 100_000,
          default: 1024,
          description: "Sessions that are remembered as decrypted",
        },
      },
    },
    refresh: {
      type: "boolean",
      default: true,
      description:
        "Whether an access token that ends is refreshed; without it, only the session's own times count",
    },
    refreshBefore: seconds(60, 3600, "Seconds before its end in which it is refreshed"),
    forward: {
      type: "string",
      pattern: "^[A-Za-z0-9-]*$",
      default: "",
      description:
        "Field in which the service gets the access token, in Authorization behind Bearer; empty: none",
    },
    logout: {
      type: "object",
      additionalProperties: false,
      default: {},
      description: "How a login ends",
      properties: {
        path: path("/oauth2/logout", `^(${ownPath})?$`, "Path that ends it; empty: none"),
        after: path(
          "/",
          "^/([\\x21-\\x2e\\x30-\\x5b\\x5d-\\x7e][\\x21-\\x5b\\x5d-\\x7e]*)?$",
          "Path to go on at",
        ),
        backChannelPath: path(
          "",
          `^(${ownPath})?$`,
          "Path to which the provider says that a user has logged out there; empty: none",
        ),
        provider: {
          type: "boolean",
          default: true,
          description: "Whether the user is logged out of the provider, too, if that can do it",
        },
        revoke: {
          type: "boolean",
          default: true,
          description: "Whether the refresh token is revoked, if the provider can do it",
        },
      },
    },
    cacheFor: seconds(600, 86_400, "Seconds for which the provider's metadata and its key set are good", 1),
    cooldown: seconds(30, 3600, "Seconds between two fetches of either at least"),
    staleFor: seconds(86_400, 2_592_000, "Seconds for which old ones are used while they cannot be fetched"),
    timeout: seconds(4, 60, "Seconds that one call of the provider may take", 0.1),
  },
} as const;

export type OidcConfig = ConfigOf<typeof oidcSchema>;
