/** What an operator may say; README.md tells the same for people. */

export const schema = {
  type: "object",
  properties: {
    schema: {
      type: ["object", "boolean", "string"],
      description: "JSON Schema 2020-12 of JSON bodies, or its text",
    },
    openapi: {
      type: ["object", "string"],
      description: "OpenAPI 3.1 document, or its text in JSON or YAML",
    },
    documents: {
      type: "object",
      additionalProperties: { type: ["object", "boolean", "string"] },
      default: {},
      description: "Schemas that references may lead to, by their URI; nothing is fetched",
    },
    requests: { type: "boolean", default: true, description: "Whether requests are checked" },
    responses: { type: "boolean", default: false, description: "Whether responses are checked" },
    mode: {
      enum: ["enforce", "report"],
      default: "enforce",
      description: "Whether what does not fit is refused, or let through and told in log and metrics",
    },
    unknownPaths: {
      enum: ["allow", "refuse"],
      default: "allow",
      description: "What becomes of paths and methods that the OpenAPI document does not have",
    },
    formats: { type: "boolean", default: true, description: "Whether `format` is a rule and not a remark" },
    maxErrors: {
      type: "integer",
      minimum: 1,
      maximum: 1000,
      default: 20,
      description: "Violations that are told of one message",
    },
    maxSteps: {
      type: "integer",
      minimum: 100,
      maximum: 100_000_000,
      default: 500_000,
      description: "Schemas that are applied to one message before it is refused",
    },
  },
  additionalProperties: false,
} as const;
