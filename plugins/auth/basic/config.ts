import type { ConfigOf } from "sluice/sdk";
import { texts } from "../schema-parts.ts";

/** The config of `type: basic`. */
export const basicSchema = {
  type: "object",
  additionalProperties: false,
  properties: {
    realm: {
      type: "string",
      pattern: "^[\\x20-\\x21\\x23-\\x5b\\x5d-\\x7e]+$",
      default: "api",
      description: "What browsers show beside the question for a password",
    },
    users: {
      type: "array",
      default: [],
      description: "The users that are known",
      items: {
        type: "object",
        required: ["user", "password"],
        additionalProperties: false,
        properties: {
          user: { type: "string", minLength: 1, maxLength: 255, description: "The name; without a colon" },
          password: { type: "string", minLength: 1, description: "The hash of the password" },
          scopes: { ...texts, description: "What the user may do" },
          groups: { ...texts, description: "What the user belongs to" },
          claims: { type: "object", default: {}, description: "What else is known" },
        },
      },
    },
    htpasswd: { type: "string", default: "", description: "More users, USER:HASH in each line" },
    allowFast: {
      type: "boolean",
      default: false,
      description: "Whether {SHA256} is taken, which whoever reads it can try out by the billion",
    },
    attempts: {
      type: "integer",
      minimum: 0,
      maximum: 10_000,
      default: 20,
      description:
        "Passwords that one address may try in a minute, those that are remembered left aside; 0: any number",
    },
    cache: {
      type: "integer",
      minimum: 0,
      maximum: 100_000,
      default: 1024,
      description: "Credentials that are remembered as good",
    },
    cacheFor: {
      type: "number",
      minimum: 0,
      maximum: 86_400,
      default: 300,
      description: "Seconds for which they are",
    },
    forward: { type: "boolean", default: false, description: "Whether the service gets the password" },
  },
} as const;

export type BasicConfig = ConfigOf<typeof basicSchema>;
