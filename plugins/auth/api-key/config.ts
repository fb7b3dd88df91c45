import type { ConfigOf } from "sluice/sdk";

const texts = { type: "array", items: { type: "string", minLength: 1 }, default: [] } as const;

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
    query: {
      type: "string",
      default: "",
      description: "Parameter of the query that holds it, if the field is not there",
    },
    cookie: {
      type: "string",
      pattern: "^[^\\s;,=]*$",
      default: "",
      description: "Cookie that holds it, if neither of them is there",
    },
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
        },
      },
    },
    list: {
      type: "string",
      default: "",
      description: "More keys, one in a line: KEY SUBJECT [scopes=A,B] [groups=A,B] [expires=TIME]",
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
