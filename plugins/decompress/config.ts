/** What an operator may say; README.md tells the same for people. */

export const schema = {
  type: "object",
  properties: {
    encodings: {
      type: "array",
      items: { enum: ["gzip", "br", "zstd", "deflate"] },
      minItems: 1,
      uniqueItems: true,
      default: ["gzip", "br", "zstd", "deflate"],
      description: "Content codings that are taken off",
    },
    requests: {
      enum: ["decode", "refuse", "pass"],
      default: "decode",
      description:
        "Requests that are encoded: decode them, refuse them with 415, or let them pass as they are",
    },
    responses: {
      enum: ["pass", "decode", "identity"],
      default: "pass",
      description:
        "Responses that are encoded: let them pass, decode them, or ask the service for none and decode those that come anyway",
    },
    maxEncodings: {
      type: "integer",
      minimum: 1,
      maximum: 4,
      default: 3,
      description: "Codings one over the other; a request with more is refused",
    },
    maxRequestSize: {
      type: "integer",
      minimum: 0,
      default: 10_485_760,
      description: "Bytes of a request as it is decoded; a longer one is answered 413",
    },
    maxResponseSize: {
      type: "integer",
      minimum: 0,
      default: 104_857_600,
      description: "Bytes of a response as it is decoded; a longer one is broken off",
    },
    maxRatio: {
      type: "number",
      minimum: 1,
      default: 200,
      description: "How many times as long a body may become, from 1 MiB on",
    },
  },
  additionalProperties: false,
} as const;
