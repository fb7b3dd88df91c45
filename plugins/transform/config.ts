/** What an operator may say; README.md tells the same for people. */

const text = { type: "string", maxLength: 8000 } as const;
/** A value that can stand in a field. */
const values = { type: "object", additionalProperties: { ...text, pattern: "^[\\x20-\\x7e]*$" } } as const;

const edits = {
  type: "object",
  additionalProperties: false,
  properties: {
    remove: { type: "array", items: { type: "string", minLength: 1 } },
    rename: { type: "object", additionalProperties: { type: "string", minLength: 1 } },
    set: values,
    add: values,
    append: values,
  },
} as const;

const condition = {
  method: { type: "array", items: { type: "string" } },
  path: { type: "string" },
  header: { type: "object", additionalProperties: { type: "string" } },
} as const;

const json = {
  type: "array",
  maxItems: 100,
  default: [],
  description: "Edits of a body that is JSON, in their order",
  items: {
    type: "object",
    additionalProperties: false,
    required: ["op"],
    properties: {
      op: { enum: ["set", "remove", "rename", "move", "mask", "only", "jsonata"] },
      path: { type: "string" },
      paths: { type: "array", items: { type: "string" } },
      value: {},
      to: { type: "string" },
      expression: { type: "string", minLength: 1, maxLength: 20_000 },
      pattern: { type: "string", minLength: 1, maxLength: 1000 },
      style: { enum: ["whole", "last4", "hash"], default: "whole" },
    },
  },
} as const;

const texts = {
  type: "array",
  maxItems: 100,
  default: [],
  description: "Texts that are put in the place of others in a body that is text, as it passes",
  items: {
    type: "object",
    additionalProperties: false,
    required: ["find"],
    properties: {
      find: { type: "string", minLength: 1, maxLength: 1000 },
      put: { type: "string", maxLength: 1000, default: "***" },
    },
  },
} as const;

const lines = {
  ...json,
  description: "Edits of each document in a body of lines or events, as it passes",
} as const;

const setCookies = {
  type: "array",
  maxItems: 100,
  default: [],
  description: "What becomes of the cookies that a response sets",
  items: {
    type: "object",
    additionalProperties: false,
    required: ["name"],
    properties: {
      name: { type: "string", minLength: 1 },
      remove: { type: "boolean" },
      rename: { type: "string", minLength: 1 },
      secure: { type: "boolean" },
      httpOnly: { type: "boolean" },
      partitioned: { type: "boolean" },
      sameSite: { enum: ["Strict", "Lax", "None"] },
      domain: { type: "string", pattern: "^[A-Za-z0-9.-]*$" },
      path: { type: "string", pattern: "^(?:/[\\x21-\\x3a\\x3c-\\x7e]*)?$" },
      maxAge: { type: "integer", minimum: -1, maximum: 400_000_000 },
    },
  },
} as const;

const convert = {
  type: "object",
  additionalProperties: false,
  required: ["to"],
  description: "Makes JSON of a body that is XML, or XML of one that is JSON",
  properties: {
    to: { enum: ["json", "xml"] },
    attributes: { type: "string", pattern: "^[@$%~+!-]{0,3}$", default: "@" },
    namespaces: { enum: ["keep", "strip"], default: "keep" },
    lists: { type: "array", maxItems: 100, default: [], items: { type: "string" } },
    root: { type: "string", minLength: 1, maxLength: 200 },
  },
} as const;

export const schema = {
  type: "object",
  additionalProperties: false,
  properties: {
    request: {
      type: "array",
      maxItems: 100,
      default: [],
      description: "Rules for requests, in their order",
      items: {
        type: "object",
        additionalProperties: false,
        properties: {
          when: { type: "object", additionalProperties: false, properties: condition },
          headers: edits,
          query: edits,
          cookies: edits,
          path: { ...text, pattern: "^/[\\x21-\\x7e]*$" },
          convert,
          json,
          lines,
          texts,
        },
      },
    },
    response: {
      type: "array",
      maxItems: 100,
      default: [],
      description: "Rules for responses, in their order",
      items: {
        type: "object",
        additionalProperties: false,
        properties: {
          when: {
            type: "object",
            additionalProperties: false,
            properties: { ...condition, status: { type: "array", items: { type: ["string", "integer"] } } },
          },
          headers: edits,
          status: { type: "integer", minimum: 200, maximum: 599 },
          setCookies,
          convert,
          json,
          lines,
          texts,
        },
      },
    },
    maskKey: { type: "string", default: "", description: "Key of masks that are hashes" },
    maxDepth: {
      type: "integer",
      minimum: 1,
      maximum: 64,
      default: 32,
      description: "Deepest JSON and XML that is read or made",
    },
    expressionTime: {
      type: "integer",
      minimum: 1,
      maximum: 5000,
      default: 500,
      description: "How long an expression of JSONata may run, in ms",
    },
    maxResult: {
      type: "integer",
      minimum: 1,
      maximum: 100_000_000,
      default: 4_000_000,
      description: "Most values and characters of what an expression makes",
    },
    maxLine: {
      type: "integer",
      minimum: 100,
      maximum: 100_000_000,
      default: 262_144,
      description: "Longest line or event, in characters",
    },
    unreadable: {
      enum: ["refuse", "pass"],
      default: "refuse",
      description:
        "What becomes of a body that rules are for and that is encoded, in parts, or no JSON or XML",
    },
  },
} as const;
