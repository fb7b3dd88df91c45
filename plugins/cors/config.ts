/** What an operator may say; README.md tells the same for people. */

const token = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";

export const schema = {
  type: "object",
  properties: {
    origins: {
      type: "array",
      minItems: 1,
      items: { type: "string", minLength: 1, maxLength: 300 },
      description:
        "Who may ask: https://app.example.com, https://*.example.com, http://localhost:*, null, or *",
    },
    methods: {
      type: "array",
      items: { type: "string", pattern: "^[A-Z0-9!#$%&'*+.^_`|~-]+$" },
      default: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
      description: "Methods that they may use; *: any",
    },
    headers: {
      type: "array",
      items: { type: "string", pattern: `^${token}$` },
      default: ["authorization", "content-type"],
      description: "Request fields that they may set; *: any",
    },
    expose: {
      type: "array",
      items: { type: "string", pattern: `^${token}$` },
      default: [],
      description: "Response fields that scripts may read beside those that they always may",
    },
    credentials: {
      type: "boolean",
      default: false,
      description: "Whether cookies and other credentials of the browser may come along",
    },
    maxAge: {
      type: "integer",
      minimum: -1,
      maximum: 86_400,
      default: 600,
      description: "Seconds for which a browser remembers what a preflight said; -1: it asks each time",
    },
    privateNetwork: {
      type: "boolean",
      default: false,
      description: "Whether pages of public networks may ask a service in a private one",
    },
    service: {
      enum: ["replace", "keep"],
      default: "replace",
      description: "What becomes of the CORS fields that the service itself sends",
    },
  },
  required: ["origins"],
  additionalProperties: false,
} as const;
