/** What an operator may say; README.md tells the same for people. */

const name = { type: "string", pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$" } as const;
const text = { type: "string", pattern: "^[A-Za-z0-9._-]{1,50}$" } as const;
/** A day, or a moment in UTC. */
const moment = { type: "string", pattern: "^\\d{4}-\\d\\d-\\d\\d(?:T\\d\\d:\\d\\d:\\d\\dZ)?$" } as const;
const link = {
  type: "string",
  pattern: "^(?:https?://|/)[\\x21\\x23-\\x3b\\x3d\\x3f-\\x7e]*$",
  maxLength: 2000,
} as const;

export const schema = {
  type: "object",
  additionalProperties: false,
  required: ["from", "versions"],
  properties: {
    from: {
      type: "object",
      additionalProperties: false,
      minProperties: 1,
      description: "Where a request says its version; two places that differ are refused",
      properties: {
        path: { type: "string", pattern: "^(?:/[^{}/?#\\s]+)*/[^{}/?#\\s]*\\{version\\}$" },
        header: name,
        query: { type: "string", minLength: 1, maxLength: 100 },
        accept: name,
        vendor: { type: "string", pattern: "^[A-Za-z0-9.-]{1,100}$" },
      },
    },
    versions: {
      type: "object",
      minProperties: 1,
      maxProperties: 100,
      description: "The versions that there are",
      additionalProperties: {
        type: "object",
        additionalProperties: false,
        properties: {
          aliases: { type: "array", maxItems: 20, items: text },
          cluster: { type: "string", minLength: 1 },
          path: { type: "string", pattern: "^(?:/(?!\\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*$" },
          deprecated: moment,
          sunset: moment,
          retired: { type: "boolean", default: false },
          info: link,
          successor: link,
        },
      },
    },
    default: { ...text, description: "Version of requests that say none" },
    pins: {
      type: "array",
      maxItems: 1000,
      default: [],
      description: "Versions of clients that say none; the first that is theirs counts",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["version"],
        properties: {
          subjects: { type: "array", minItems: 1, items: { type: "string" } },
          groups: { type: "array", minItems: 1, items: { type: "string" } },
          version: text,
        },
      },
    },
    pinClaim: {
      type: "string",
      default: "",
      description: "Claim of the identity that names its version, before pins",
    },
    retireAtSunset: {
      type: "boolean",
      default: false,
      description: "Whether a version is retired once its sunset is over",
    },
    unknown: {
      enum: [400, 404, 406],
      default: 400,
      description: "Status for a version that there is not",
    },
    header: {
      type: "string",
      pattern: "^[A-Za-z0-9-]{0,100}$",
      default: "x-api-version",
      description: 'Field that tells the service the version, whatever the client sent in it; "": none',
    },
    responseHeader: {
      type: "string",
      pattern: "^[A-Za-z0-9-]{0,100}$",
      default: "",
      description: 'Field that tells the client the version that answered; "": none',
    },
  },
} as const;
