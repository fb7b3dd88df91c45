/** What an operator may say of tokens; README.md tells the same for people. */
export const tokenSchema = {
  type: "object",
  required: ["secrets"],
  additionalProperties: false,
  description: "Tokens that a page must send along, besides what its browser says of it. Without it: none",
  properties: {
    secrets: {
      type: "array",
      minItems: 1,
      maxItems: 8,
      items: { type: "string", minLength: 32, maxLength: 1000 },
      description: "What tokens are signed with: the first one signs, all of them are believed",
    },
    session: {
      type: "object",
      additionalProperties: false,
      description: "What a token belongs to: no other session can use it",
      properties: {
        cookie: {
          type: "string",
          pattern: "^[A-Za-z0-9_.-]{1,100}$",
          description: "The service's session cookie. Without it: the identity, of a policy before this one",
        },
      },
      default: {},
    },
    header: {
      type: "string",
      pattern: "^[a-z0-9-]{1,100}$",
      default: "x-csrf-token",
      description: "Field of a request that has the token",
    },
    field: {
      type: "string",
      maxLength: 100,
      default: "csrf_token",
      description:
        "Field of a form (application/x-www-form-urlencoded) that may have it as well; empty: none may",
    },
    formBytes: {
      type: "integer",
      minimum: 1,
      maximum: 1_048_576,
      default: 65_536,
      description: "Longest form that is looked through, in bytes",
    },
    toService: {
      type: "string",
      maxLength: 100,
      default: "",
      description:
        "Field in which the service gets the token that its page is to send; empty: it does not get it",
    },
    lifetime: {
      type: "integer",
      minimum: 60,
      maximum: 2_592_000,
      default: 43_200,
      description: "Seconds for which a token is good; a page that comes after half of it gets a new one",
    },
    cookie: {
      type: "object",
      additionalProperties: false,
      description: "The cookie that brings the token to the page",
      properties: {
        name: {
          type: "string",
          pattern: "^[A-Za-z0-9_.-]{1,100}$",
          default: "__Host-csrf",
          description: "With __Host- no page of a subdomain can set it",
        },
        path: {
          type: "string",
          pattern: "^/[\\x21-\\x3a\\x3c-\\x7e]*$",
          maxLength: 500,
          default: "/",
          description: "Path",
        },
        secure: { type: "boolean", default: true, description: "Whether it is for HTTPS alone" },
        sameSite: { enum: ["Strict", "Lax", "None"], default: "Lax", description: "SameSite" },
        httpOnly: {
          type: "boolean",
          default: false,
          description: "Whether scripts cannot read it: then the service must write it into its pages",
        },
      },
      default: {},
    },
  },
} as const;
