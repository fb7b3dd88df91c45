import type { ConfigOf } from "sluice/sdk";

/** What an operator may say; README.md tells the same for people. */
export const schema = {
  type: "object",
  additionalProperties: false,
  properties: {
    format: {
      enum: ["uuid-v4", "uuid-v7", "ulid", "hex", "trace"],
      default: "uuid-v7",
      description:
        "Of ids that are made here; trace: the trace id of a traceparent that is believed, or a new one",
    },
    header: {
      type: "string",
      pattern: "^[a-z0-9-]{1,100}$",
      default: "x-request-id",
      description: "Field that has the id, of requests and responses",
    },
    trust: {
      type: "array",
      items: { type: "string", maxLength: 50 },
      maxItems: 10_000,
      default: [],
      description: "Clients whose ids are kept: addresses and networks, beside those of trustedProxies",
    },
    accept: {
      enum: ["any", "format"],
      default: "any",
      description: "Which of their ids: any that is safe to write down, or those of the format alone",
    },
    maxLength: {
      type: "integer",
      minimum: 8,
      maximum: 128,
      default: 64,
      description: "Longest id that is kept, in characters",
    },
    toClient: { type: "boolean", default: true, description: "Whether the response tells the id" },
  },
} as const;

export type RequestIdConfig = ConfigOf<typeof schema>;
