import type { ConfigOf } from "sluice/sdk";
import { texts } from "../schema-parts.ts";

const seconds = (byDefault: number, minimum: number, maximum: number, description: string) =>
  ({ type: "integer", minimum, maximum, default: byDefault, description }) as const;

export const signatureAlgorithms = [
  "ed25519",
  "ecdsa-p256-sha256",
  "ecdsa-p384-sha384",
  "rsa-pss-sha512",
  "rsa-v1_5-sha256",
  "hmac-sha256",
] as const;

/** The config of `type: signature`. */
export const signatureSchema = {
  type: "object",
  required: ["keys"],
  additionalProperties: false,
  properties: {
    keys: {
      type: "array",
      minItems: 1,
      maxItems: 1000,
      description: "The keys that are known: keyid, alg, and one of jwk, pem and secret",
      items: {
        type: "object",
        required: ["keyid", "alg"],
        additionalProperties: false,
        properties: {
          keyid: { type: "string", minLength: 1, maxLength: 1024, description: "Its name in signatures" },
          alg: { enum: signatureAlgorithms, description: "The only algorithm that it is good for" },
          jwk: {
            anyOf: [{ type: "object" }, { type: "string", minLength: 1 }],
            description: "A key, or the JSON of one",
          },
          pem: { type: "string", minLength: 1, description: "A public key, BEGIN PUBLIC KEY" },
          secret: { type: "string", minLength: 1, description: "Of hmac-sha256: 32 bytes at least" },
          subject: {
            type: "string",
            maxLength: 1024,
            default: "",
            description: "Whose it is; empty: the keyid",
          },
          scopes: { ...texts, description: "What it may do" },
          groups: { ...texts, description: "What it belongs to" },
          claims: { type: "object", default: {}, description: "What else is known of it" },
        },
      },
    },
    components: {
      type: "array",
      items: { type: "string", minLength: 1 },
      maxItems: 64,
      default: ["@method", "@authority", "@path", "@query"],
      description: 'What a signature has to cover, as @method, content-type or @query-param;name="id"',
    },
    body: {
      enum: ["required", "present", "covered"],
      default: "present",
      description:
        "When Content-Digest has to be covered: required: always; present: if there is a body; covered: never, it is only checked if it is",
    },
    maxAge: seconds(300, 1, 31_536_000, "Seconds since created after which a signature is too old"),
    tolerance: seconds(30, 0, 600, "Seconds by which clocks may differ"),
    nonce: {
      enum: ["required", "optional"],
      default: "required",
      description: "Whether a signature needs a nonce; one that has it is taken once",
    },
    tag: { type: "string", default: "", description: "The tag that it has to have; empty: any or none" },
    structuredFields: {
      type: "object",
      additionalProperties: { enum: ["dictionary", "list", "item"] },
      default: {},
      description: "Types of fields of your own that are covered with ;sf",
    },
  },
} as const;

export type SignatureConfig = ConfigOf<typeof signatureSchema>;
export type SignatureAlgorithm = (typeof signatureAlgorithms)[number];
