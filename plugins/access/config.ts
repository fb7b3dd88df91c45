/** What an operator may say; README.md tells the same for people. */

/** A list, or the text of a file: one entry a line, comments begin with #. */
const entries = (description: string) =>
  ({
    anyOf: [{ type: "array", minItems: 1, items: { type: "string" } }, { type: "string" }],
    description: `${description}; a list, or a text with one on each line`,
  }) as const;

const texts = (description: string) =>
  ({ type: "array", minItems: 1, items: { type: "string", minLength: 1 }, description }) as const;

const status = { enum: [401, 403, 404] } as const;

const rule = {
  type: "object",
  properties: {
    name: {
      type: "string",
      pattern: "^[\\x20-\\x7e]{1,100}$",
      description: "For the log, and for clients with showRule",
    },
    addresses: entries("The client's address is one of these, or in one of these networks"),
    notAddresses: entries("The client's address is none of these, and in none of these networks"),
    methods: texts("The method is one of these"),
    headers: {
      type: "object",
      minProperties: 1,
      additionalProperties: {
        anyOf: [{ type: ["boolean", "string"] }, { type: "array", minItems: 1, items: { type: "string" } }],
      },
      description: "Each of these fields is there (true), is not (false), or has this value or one of these",
    },
    userAgents: entries("User-Agent contains one of these, in whatever case"),
    authenticated: { type: "boolean", description: "Whether it is known who sent the request" },
    subjects: texts("The sender is one of these"),
    scopes: texts("The sender may do all of these"),
    groups: texts("The sender belongs to one of these"),
    claims: {
      type: "object",
      minProperties: 1,
      additionalProperties: {
        anyOf: [
          { type: ["string", "number", "boolean"] },
          { type: "array", minItems: 1, items: { type: ["string", "number", "boolean"] } },
        ],
      },
      description: "Each of these claims is this value, one of these, or a list that has one of them",
    },
    expression: {
      type: "string",
      minLength: 1,
      maxLength: 10_000,
      description: "An expression of CEL that is true",
    },
    status: { ...status, description: "What a deny rule answers; default: that of the policy" },
  },
  minProperties: 1,
  additionalProperties: false,
} as const;

export const schema = {
  type: "object",
  properties: {
    deny: {
      type: "array",
      items: rule,
      default: [],
      description: "Requests that are refused, whatever allow says",
    },
    allow: { type: "array", items: rule, default: [], description: "Requests that may pass" },
    default: {
      enum: ["allow", "deny"],
      description:
        "What becomes of a request that no rule names; without it: deny if there is an allow rule, else allow",
    },
    body: {
      type: "object",
      properties: {
        maxSize: { type: "integer", minimum: 0, description: "Bytes; a longer one is answered 413" },
        contentTypes: {
          type: "array",
          minItems: 1,
          items: { type: "string", pattern: "^[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+$" },
          description: "Of another type, or none, it is answered 415",
        },
        json: {
          type: "object",
          properties: {
            maxDepth: { type: "integer", minimum: 0, maximum: 1000, default: 32 },
            maxValues: { type: "integer", minimum: 1, default: 10_000 },
            duplicateKeys: { type: "boolean", default: false },
          },
          additionalProperties: false,
          description: "Bodies that are JSON, or of no type, are read and held to this (400)",
        },
      },
      minProperties: 1,
      additionalProperties: false,
      description: "What the bodies of requests that may pass can be",
    },
    status: {
      ...status,
      default: 403,
      description: "403: forbidden; 401: not authenticated; 404: as if nothing were there",
    },
    challenge: {
      type: ["string", "boolean"],
      pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+( [\\x20-\\x7e]+)?$",
      default: false,
      description:
        "WWW-Authenticate; with it, requests that no rule names are answered 401 while nobody knows who sent them",
    },
    proxyName: {
      type: "string",
      pattern: "^[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~:/-]*$",
      default: "sluice",
      description: "The proxy's name in Via: a 404 names it as the proxy's own do",
    },
    showRule: {
      type: "boolean",
      default: false,
      description: "Whether clients are told the name of the rule",
    },
  },
  additionalProperties: false,
} as const;
