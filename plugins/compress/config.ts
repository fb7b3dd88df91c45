/** What an operator may say; README.md tells the same for people. */

/** `type/subtype`, `type/*`, or `*+suffix`. */
const mediaType = "^(?:[a-z0-9!#$&^_.+-]+/(?:\\*|[a-z0-9!#$&^_.+-]+)|\\*\\+[a-z0-9]+)$";

const level = (usual: number, least: number, most: number) =>
  ({ type: "integer", minimum: least, maximum: most, default: usual }) as const;

export const schema = {
  type: "object",
  properties: {
    encodings: {
      type: "array",
      items: { enum: ["zstd", "br", "gzip", "deflate"] },
      minItems: 1,
      uniqueItems: true,
      default: ["zstd", "br", "gzip"],
      description: "Content codings, the one that is taken first where a client likes several as much",
    },
    levels: {
      type: "object",
      default: {},
      description: "How much work each coding is given",
      properties: {
        zstd: level(3, 1, 19),
        br: level(4, 0, 11),
        gzip: level(5, 1, 9),
        deflate: level(5, 1, 9),
      },
      additionalProperties: false,
    },
    minSize: {
      type: "integer",
      minimum: 0,
      default: 1024,
      description: "Bytes; a response that says that it is shorter stays as it is",
    },
    contentTypes: {
      type: "array",
      minItems: 1,
      items: { type: "string", pattern: mediaType },
      description:
        "Media types of what is encoded: type/subtype, type/* or *+suffix. Default: what is worth it",
    },
    streamTypes: {
      type: "array",
      items: { type: "string", pattern: mediaType },
      description: "Of these every part is sent as it comes. Default: events and lines of JSON",
    },
    secrets: {
      enum: ["compress", "skip"],
      default: "compress",
      description:
        "skip: responses to requests with Cookie or Authorization, or of known clients, and those that set cookies stay as they are",
    },
    upstream: {
      enum: ["pass", "identity"],
      default: "pass",
      description:
        "Whether the service may encode its responses itself: pass what the client accepts, or ask for identity",
    },
  },
  additionalProperties: false,
} as const;
