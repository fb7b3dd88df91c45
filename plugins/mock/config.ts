/** What an operator may say; README.md tells the same for people. */

const condition = {
  type: "object",
  additionalProperties: false,
  description: "All that is said has to hold; without it the response is for every request",
  properties: {
    method: { type: "array", minItems: 1, items: { type: "string" } },
    path: { type: "string" },
    header: { type: "object", additionalProperties: { type: "string" } },
    query: { type: "object", additionalProperties: { type: "string" } },
    percentage: { type: "number", minimum: 0, maximum: 100 },
  },
} as const;

/** As a phase has 5 s, ms. */
const delay = { type: "integer", minimum: 0, maximum: 4000 } as const;

export const schema = {
  type: "object",
  additionalProperties: false,
  properties: {
    responses: {
      type: "array",
      maxItems: 500,
      default: [],
      description: "Responses, of which the first that is for a request answers it",
      items: {
        type: "object",
        additionalProperties: false,
        properties: {
          name: { type: "string", pattern: "^[A-Za-z0-9._-]{1,100}$" },
          when: condition,
          status: { type: "integer", minimum: 200, maximum: 599, default: 200 },
          headers: { type: "object", additionalProperties: { type: "string", pattern: "^[\\x20-\\x7e]*$" } },
          body: { type: "string" },
          json: {},
          schema: { type: ["object", "boolean"] },
          delay,
        },
      },
    },
    openapi: {
      type: ["object", "string"],
      description: "OpenAPI 3.1 document, or its text in JSON or YAML, of which examples and schemas answer",
    },
    unknown: {
      enum: ["pass", "refuse"],
      default: "pass",
      description: "What becomes of a request that nothing is for: it goes on, or is answered with 404",
    },
    prefer: {
      type: "boolean",
      default: true,
      description: "Whether clients choose with Prefer: code=404, example=NAME, dynamic=true",
    },
    marker: {
      type: "string",
      pattern: "^[A-Za-z0-9-]{0,100}$",
      default: "x-mock",
      description: 'Field that marks the response with the name of what answered; "": none',
    },
    seed: {
      type: "string",
      default: "",
      description: "What is made of schemas is the same for the same seed and path",
    },
    delay: { ...delay, default: 0, description: "How long an answer takes, in ms" },
  },
} as const;
