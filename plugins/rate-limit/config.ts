import type { ConfigOf } from "sluice/sdk";

/** What an operator may say; README.md tells the same for people. */
export const schema = {
  type: "object",
  additionalProperties: false,
  required: ["limits"],
  properties: {
    limits: {
      type: "array",
      minItems: 1,
      maxItems: 16,
      description: "A request has to keep within all of them",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["limit"],
        properties: {
          name: {
            type: "string",
            pattern: "^[A-Za-z0-9_.-]{1,40}$",
            default: "default",
            description: "What clients, logs and metrics call it",
          },
          algorithm: {
            enum: ["token-bucket", "sliding-window", "quota", "concurrency"],
            default: "token-bucket",
            description: "How it counts",
          },
          limit: {
            type: "integer",
            minimum: 1,
            maximum: 1_000_000_000,
            description: "Requests, or what they cost, in a window or a period, or at the same time",
          },
          window: {
            type: "number",
            minimum: 0.1,
            maximum: 2_678_400,
            default: 60,
            description: "Of token-bucket and sliding-window, s",
          },
          burst: {
            type: "integer",
            minimum: 1,
            maximum: 1_000_000_000,
            description: "Of token-bucket: what may come at once. Default: limit",
          },
          period: {
            enum: ["day", "month"],
            default: "day",
            description: "Of quota: a day or a month of the calendar",
          },
          utcOffset: {
            type: "integer",
            minimum: -840,
            maximum: 840,
            default: 0,
            description: "Of quota: minutes by which its days begin before those of UTC",
          },
          hold: {
            type: "number",
            minimum: 1,
            maximum: 86_400,
            default: 300,
            description:
              "Of concurrency: s after which a request may be taken for lost and its place is free",
          },
          key: {
            type: ["array", "object"],
            items: {
              type: "string",
              pattern: "^(?:address|identity|route|method|host|function|header:[A-Za-z0-9!#$%&'*+.^_`|~-]+)$",
            },
            maxItems: 8,
            properties: { expression: { type: "string", minLength: 1, maxLength: 10_000 } },
            required: ["expression"],
            additionalProperties: false,
            default: ["address"],
            description:
              "Requests that are alike in all of these are counted together; an empty list: all requests are. Or what an expression of CEL comes to",
          },
          missing: {
            enum: ["address", "skip"],
            default: "address",
            description:
              "What counts for a request without the header or the identity; skip: it is not limited",
          },
          cost: {
            type: "number",
            exclusiveMinimum: 0,
            maximum: 1_000_000_000,
            default: 1,
            description: "Of a request",
          },
          costHeader: {
            type: "string",
            pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$",
            description:
              "Field of responses in which the service says what the request did cost; clients do not see it",
          },
          mostCost: {
            type: "number",
            exclusiveMinimum: 0,
            maximum: 1_000_000_000,
            description: "Of costHeader: more is counted as this. Default: limit",
          },
          dryRun: {
            type: "boolean",
            default: false,
            description: "Counts and logs, but refuses nothing",
          },
        },
      },
    },
    store: {
      type: "object",
      additionalProperties: false,
      required: ["name"],
      description: "Where several machines count together. Default: each counts for itself",
      properties: {
        name: { type: "string", format: "store", description: "Of the stores in sluice.yaml" },
        onLoss: {
          enum: ["local", "allow", "deny"],
          default: "local",
          description:
            "While it cannot be reached: each machine counts for itself, nothing is limited, or all is refused with 503",
        },
      },
    },
    exempt: {
      type: "object",
      additionalProperties: false,
      default: {},
      description: "Who is not limited",
      properties: {
        addresses: {
          type: "array",
          items: { type: "string" },
          default: [],
          description: "IP addresses and CIDR blocks",
        },
        subjects: {
          type: "array",
          items: { type: "string" },
          default: [],
          description: "Subjects of ctx.identity",
        },
        groups: {
          type: "array",
          items: { type: "string" },
          default: [],
          description: "Groups of ctx.identity",
        },
      },
    },
    ipv6Prefix: {
      type: "integer",
      minimum: 16,
      maximum: 128,
      default: 64,
      description: "Bits of an IPv6 address that count: one customer has all addresses behind them",
    },
    fields: {
      enum: ["always", "refused", "never"],
      default: "always",
      description: "Which responses have RateLimit and RateLimit-Policy",
    },
  },
} as const;

export type Config = ConfigOf<typeof schema>;
export type LimitConfig = Config["limits"][number];
