import type { ConfigOf } from "sluice/sdk";

/** A name of a field that this policy may set. */
const fieldName = "^[A-Za-z0-9-]+$";
const optionalField = (byDefault: string, description: string) =>
  ({ type: "string", pattern: "^[A-Za-z0-9-]*$", default: byDefault, description }) as const;
const texts = { type: "array", items: { type: "string", minLength: 1 } } as const;

/** The policy's config. That of each strategy is checked by the schema of its type. */
export const schema = {
  type: "object",
  required: ["strategies"],
  additionalProperties: false,
  properties: {
    strategies: {
      type: "array",
      minItems: 1,
      maxItems: 32,
      description: "Ways to find out who sent a request, in the order in which they are tried",
      items: {
        type: "object",
        required: ["type"],
        properties: {
          type: { type: "string", description: "api-key, basic, jwt ..." },
          onStart: {
            enum: ["refuse", "closed"],
            default: "refuse",
            description:
              "What a secret or a server that is missing at the start means. refuse: the config is not taken; closed: requests are refused until it is there",
          },
        },
      },
    },
    require: {
      enum: ["any", "all", "none"],
      default: "any",
      description:
        "any: one strategy has to know the client; all: each of them; none: a request without credentials goes on without an identity, bad ones are still refused",
    },
    requireScopes: { ...texts, default: [], description: "Scopes that the identity must have, each of them" },
    requireGroups: {
      ...texts,
      default: [],
      description: "Groups of which the identity must have at least one",
    },
    identityHeaders: {
      type: "object",
      additionalProperties: false,
      default: {},
      description:
        "Fields that tell the service who it is; an empty name: none. What clients send there is removed",
      properties: {
        subject: optionalField("x-auth-subject", "Field of the subject"),
        method: optionalField("x-auth-method", "Field of the name of the strategy"),
        scopes: optionalField("x-auth-scopes", "Field of the scopes, with spaces between"),
        groups: optionalField("x-auth-groups", "Field of the groups, with commas between"),
        claims: {
          type: "object",
          additionalProperties: { type: "string", pattern: fieldName },
          default: {},
          description: "Names of fields by those of claims",
        },
        token: {
          type: "object",
          required: ["key"],
          additionalProperties: false,
          description: "A token that this proxy signs, for services that check who says it",
          properties: {
            header: {
              type: "string",
              pattern: fieldName,
              default: "x-auth-token",
              description: "Field that holds it",
            },
            alg: { enum: ["ES256", "HS256"], default: "ES256", description: "How it is signed" },
            key: {
              type: "string",
              minLength: 1,
              description: "ES256: a private key, PEM or JWK; HS256: a secret of 32 bytes at least",
            },
            kid: { type: "string", default: "", description: "The name of the key; empty: none" },
            issuer: { type: "string", minLength: 1, default: "sluice", description: "Its iss" },
            audience: { type: "string", default: "", description: "Its aud; empty: none" },
            lifetime: {
              type: "integer",
              minimum: 2,
              maximum: 86_400,
              default: 60,
              description:
                "Seconds for which it is good; the service gets one with half of them left at least",
            },
            claims: { ...texts, default: [], description: "Claims of the identity that it has, too" },
          },
        },
        strip: {
          type: "array",
          items: { type: "string", pattern: "^[A-Za-z0-9-]+\\*?$" },
          default: [],
          description:
            "Further fields that clients may not send; a * at the end stands for all that begin so",
        },
      },
    },
  },
} as const;

export type AuthConfig = ConfigOf<typeof schema>;
