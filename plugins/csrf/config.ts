import { tokenSchema } from "./token-config.ts";

/** What an operator may say; README.md tells the same for people. */
export const schema = {
  type: "object",
  properties: {
    origins: {
      type: "array",
      items: {
        type: "string",
        maxLength: 300,
        pattern: "^[a-z][a-z0-9+.-]*://(\\[[0-9a-f:.]+\\]|[a-z0-9._-]+)(:[0-9]{1,5})?$",
      },
      default: [],
      description: "Other origins whose pages may send anything, such as https://admin.example.com",
    },
    safeMethods: {
      type: "array",
      items: { enum: ["GET", "HEAD", "OPTIONS", "TRACE", "QUERY"] },
      default: ["GET", "HEAD", "OPTIONS"],
      description: "Methods that change nothing in the service: every page may send them",
    },
    strict: {
      type: "boolean",
      default: false,
      description:
        "Whether requests that do not say where they come from are refused, as those of programs are",
    },
    tokens: tokenSchema,
  },
  additionalProperties: false,
} as const;
