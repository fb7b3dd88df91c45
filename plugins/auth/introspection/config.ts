import type { ConfigOf } from "sluice/sdk";
import { oneOrMore, seconds } from "../schema-parts.ts";

const count = (byDefault: number, maximum: number, description: string) =>
  ({ type: "integer", minimum: 0, maximum, default: byDefault, description }) as const;

/** The config of `type: introspection`. */
export const introspectionSchema = {
  type: "object",
  required: ["endpoint", "audience"],
  additionalProperties: false,
  properties: {
    endpoint: {
      type: "string",
      pattern: "^https?://\\S+$",
      description: "URL of the server's introspection endpoint",
    },
    clientId: { type: "string", default: "", description: "Who this proxy is to the server" },
    clientSecret: { type: "string", default: "", description: "Its secret, or its token with bearer" },
    clientAuth: {
      enum: ["basic", "post", "bearer", "none"],
      default: "basic",
      description:
        "How it shows that: in Authorization, in the body, as a bearer token, or not at all, where the network does",
    },
    header: {
      type: "string",
      pattern: "^[A-Za-z0-9-]*$",
      default: "authorization",
      description: "Field that holds the token; in Authorization behind Bearer; empty: none",
    },
    query: {
      type: "string",
      default: "",
      description: "Parameter of the query that holds it, if the field does not",
    },
    cookie: {
      type: "string",
      pattern: "^[^\\s;,=]*$",
      default: "",
      description: "Cookie that holds it, if neither of them does",
    },
    audience: { ...oneOrMore, description: "For whom it has to be, one of them; []: for anybody" },
    issuer: { ...oneOrMore, default: [], description: "Who may have issued it; []: it is not looked at" },
    tokenTypes: {
      type: "array",
      items: { type: "string", minLength: 1 },
      default: ["Bearer"],
      description:
        "What token_type may be, and it has to be there; []: anything, also tokens that are bound to a key",
    },
    requiredClaims: {
      type: "array",
      items: { type: "string", minLength: 1 },
      default: [],
      description: "Members of the answer that have to be there",
    },
    clockTolerance: seconds(5, 600, "Seconds by which clocks may differ"),
    subjectClaim: {
      type: "string",
      minLength: 1,
      default: "sub",
      description: "The member that is the subject",
    },
    scopesClaim: { type: "string", default: "scope", description: "That of the scopes; a.b is b within a" },
    groupsClaim: { type: "string", default: "groups", description: "That of the groups; a.b is b within a" },
    cache: count(4096, 1_000_000, "Tokens whose answers are remembered, and as many that are not active"),
    cacheFor: seconds(30, 86_400, "Seconds for which an answer is, unless the token ends sooner"),
    inactiveFor: seconds(10, 3600, "Seconds for which it is remembered that a token is not active"),
    staleFor: seconds(
      0,
      86_400,
      "Seconds after that in which an answer still counts while the server cannot be asked, unless the token ends sooner",
    ),
    attempts: count(
      60,
      100_000,
      "Tokens that are not active that one address may show in a minute; 0: any number",
    ),
    timeout: {
      type: "number",
      minimum: 0.01,
      maximum: 60,
      default: 5,
      description: "Seconds that the server may take to answer",
    },
    forward: { type: "boolean", default: false, description: "Whether the service gets the token" },
  },
} as const;

export type IntrospectionConfig = ConfigOf<typeof introspectionSchema>;
