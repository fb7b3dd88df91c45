/** What an operator may say; README.md tells the same for people. */

const size = { type: "integer", minimum: 0 } as const;

export const schema = {
  type: "object",
  properties: {
    maxSize: {
      ...size,
      default: 1_048_576,
      description: "Bytes of a request's body that no rule is about; a longer one is answered 413",
    },
    rules: {
      type: "array",
      default: [],
      description: "Other sizes for some requests; the first rule that fits counts",
      items: {
        type: "object",
        properties: {
          methods: {
            type: "array",
            minItems: 1,
            items: { type: "string", pattern: "^[A-Z]{1,32}$" },
            description: "Default: all",
          },
          contentTypes: {
            type: "array",
            minItems: 1,
            items: {
              type: "string",
              pattern: "^[a-z0-9!#$&^_.+-]+/(?:\\*|[a-z0-9!#$&^_.+-]+)$",
            },
            description: "type/subtype or type/*. Default: all, and none",
          },
          maxSize: { ...size, description: "Bytes" },
        },
        required: ["maxSize"],
        additionalProperties: false,
      },
    },
    maxResponseSize: {
      ...size,
      description: "Bytes of a response's body; a longer one is answered 502, or broken off. Default: any",
    },
  },
  additionalProperties: false,
} as const;
