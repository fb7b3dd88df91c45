import type { ConfigOf } from "sluice/sdk";
import { oneOrMore, otherPlaces, publicKeyAlgorithms, seconds } from "../schema-parts.ts";

/** The config of `type: jwt`. */
export const jwtSchema = {
  type: "object",
  required: ["issuer", "audience"],
  additionalProperties: false,
  properties: {
    header: {
      type: "string",
      pattern: "^[A-Za-z0-9-]*$",
      default: "authorization",
      description: "Field that holds the token; in Authorization behind Bearer; empty: none",
    },
    ...otherPlaces,
    issuer: { ...oneOrMore, description: "Who may have issued it; []: anybody whose key is known" },
    audience: { ...oneOrMore, description: "For whom it has to be, one of them; []: for anybody" },
    algorithms: {
      type: "array",
      minItems: 1,
      items: {
        enum: ["HS256", "HS384", "HS512", ...publicKeyAlgorithms],
      },
      default: ["ES256", "RS256", "PS256", "EdDSA"],
      description: "Algorithms of signatures that are taken; each key also only takes those of its type",
    },
    jwks: { type: "string", pattern: "^(https?://\\S+)?$", default: "", description: "URL of a key set" },
    keys: {
      type: "array",
      default: [],
      description: "Keys: jwk, pem with alg, or secret with alg, and a kid if tokens name it",
      items: {
        type: "object",
        additionalProperties: false,
        properties: {
          jwk: {
            anyOf: [{ type: "object" }, { type: "string", minLength: 1 }],
            description: "A key, or the JSON of one",
          },
          pem: { type: "string", minLength: 1, description: "A public key, BEGIN PUBLIC KEY" },
          secret: {
            type: "string",
            minLength: 1,
            description: "Of HS256 ...; as many bytes as the hash at least",
          },
          alg: { type: "string", description: "The algorithm of pem or secret" },
          kid: { type: "string", minLength: 1, description: "Its name in tokens" },
        },
      },
    },
    typ: {
      type: "string",
      default: "",
      description: "What the header has to say in typ, such as at+jwt; empty: anything",
    },
    clockTolerance: seconds(5, 600, "Seconds by which clocks may differ"),
    maxAge: seconds(
      0,
      31_536_000,
      "Seconds since iat after which a token is too old; 0: its exp alone counts",
    ),
    requiredClaims: {
      type: "array",
      items: { type: "string", minLength: 1 },
      default: ["exp"],
      description: "Claims that have to be there",
    },
    bound: {
      type: "boolean",
      default: false,
      description: "Takes tokens that are bound to a key (cnf), though nobody proves here that it is theirs",
    },
    subjectClaim: {
      type: "string",
      minLength: 1,
      default: "sub",
      description: "The claim that is the subject",
    },
    scopesClaim: { type: "string", default: "scope", description: "That of the scopes; a.b is b within a" },
    groupsClaim: { type: "string", default: "groups", description: "That of the groups; a.b is b within a" },
    cache: {
      type: "integer",
      minimum: 0,
      maximum: 1_000_000,
      default: 4096,
      description: "Tokens that are remembered as verified",
    },
    cacheFor: seconds(300, 86_400, "Seconds for which one is, unless it ends sooner"),
    jwksCacheFor: seconds(600, 86_400, "Seconds for which a key set is good"),
    jwksCooldown: seconds(30, 3600, "Seconds between two fetches of it at least"),
    jwksStaleFor: seconds(
      86_400,
      2_592_000,
      "Seconds for which an old one is used while it cannot be fetched",
    ),
    jwksTimeout: seconds(5, 60, "Seconds that one fetch may take"),
    forward: { type: "boolean", default: false, description: "Whether the service gets the token" },
  },
} as const;

export type JwtConfig = ConfigOf<typeof jwtSchema>;
