import type { ConfigOf } from "sluice/sdk";
import { otherPlaces, texts } from "../schema-parts.ts";

const seconds = (byDefault: number, minimum: number, description: string) =>
  ({ type: "number", minimum, maximum: 86_400, default: byDefault, description }) as const;

/** The config of `type: api-key`. */
export const apiKeySchema = {
  type: "object",
  additionalProperties: false,
  properties: {
    header: {
      type: "string",
      pattern: "^[A-Za-z0-9-]*$",
      default: "x-api-key",
      description: "Field that holds the key; empty: none",
    },
    ...otherPlaces,
    keys: {
      type: "array",
      default: [],
      description: "The keys that are known",
      items: {
        type: "object",
        required: ["key", "subject"],
        additionalProperties: false,
        properties: {
          key: { type: "string", minLength: 1, description: "sha256:HEX of the key, or HEX alone" },
          subject: { type: "string", minLength: 1, maxLength: 1024, description: "Whose key it is" },
          scopes: { ...texts, description: "What it may do" },
          groups: { ...texts, description: "What it belongs to" },
          claims: { type: "object", default: {}, description: "What else is known of it" },
          expires: {
            type: "string",
            default: "",
            description: "When it ends, as 2027-01-31 or 2027-01-31T12:00:00Z",
          },
          disabled: { type: "boolean", default: false, description: "Whether it is refused for now" },
        },
      },
    },
    list: {
      type: "string",
      default: "",
      description: "More keys, one in a line: KEY SUBJECT [scopes=A,B] [groups=A,B] [expires=TIME]",
    },
    kv: {
      type: "boolean",
      default: false,
      description: "Whether keys count that the operator adds to the running proxy (sluice key add)",
    },
    store: {
      type: "string",
      default: "",
      description: "Name of a store in sluice.yaml where such keys are for several machines; empty: none",
    },
    cacheFor: seconds(10, 0, "Seconds for which a key that the store knows is not asked for again"),
    unknownFor: seconds(2, 0, "Seconds for which one that it does not know is not"),
    staleFor: seconds(
      0,
      0,
      "Seconds after cacheFor in which a known key still counts while the store cannot be reached",
    ),
    cache: {
      type: "integer",
      minimum: 0,
      maximum: 1_000_000,
      default: 4096,
      description: "Keys of the store that are remembered, and as many that it does not know",
    },
    attempts: {
      type: "integer",
      minimum: 0,
      maximum: 100_000,
      default: 60,
      description: "Keys that the store does not know that one address may show in a minute; 0: any number",
    },
    allowPlain: {
      type: "boolean",
      default: false,
      description: "Whether plain:TEXT is taken for a key, which then stands in the config as it is",
    },
    forward: { type: "boolean", default: false, description: "Whether the service gets the key" },
  },
} as const;

export type ApiKeyConfig = ConfigOf<typeof apiKeySchema>;
export type KeyEntry = ApiKeyConfig["keys"][number];
