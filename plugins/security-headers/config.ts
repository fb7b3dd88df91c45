/** What an operator may say; README.md tells the same for people. */

/** A value that can stand in a field. */
const sendable = "^[\\x20-\\x7e]+$";

/** A source of CSP: neither a second directive nor a second policy. */
const source = "^[^\\x00-\\x20\\x7f-\\uffff,;]+$";

/** A text, or false. The pattern stands outside of the choice: there it is looked at. */
const optionalText = {
  anyOf: [{ const: false }, { type: "string", maxLength: 8000 }],
  pattern: sendable,
  default: false,
} as const;

export const schema = {
  type: "object",
  properties: {
    contentTypeOptions: {
      type: "boolean",
      default: true,
      description: "X-Content-Type-Options: nosniff",
    },
    hsts: {
      type: ["object", "boolean"],
      default: {},
      description: "Strict-Transport-Security, on https only; false: none",
      properties: {
        maxAge: { type: "integer", minimum: 0, maximum: 1_000_000_000, default: 31_536_000 },
        includeSubDomains: { type: "boolean", default: false },
        preload: { type: "boolean", default: false },
      },
      additionalProperties: false,
    },
    referrerPolicy: {
      enum: [
        false,
        "no-referrer",
        "no-referrer-when-downgrade",
        "origin",
        "origin-when-cross-origin",
        "same-origin",
        "strict-origin",
        "strict-origin-when-cross-origin",
        "unsafe-url",
      ],
      default: "strict-origin-when-cross-origin",
      description: "Referrer-Policy; false: none",
    },
    frameAncestors: {
      anyOf: [{ enum: [false, "none", "self"] }, { type: "array", minItems: 1, items: { type: "string" } }],
      items: { pattern: source },
      default: "self",
      description: "Who may show it in a frame: none, self, or sources of CSP; false: nothing is said",
    },
    contentSecurityPolicy: {
      ...optionalText,
      description: "Content-Security-Policy; false: none but frame-ancestors",
    },
    contentSecurityPolicyReportOnly: {
      ...optionalText,
      description: "Content-Security-Policy-Report-Only; false: none",
    },
    permissionsPolicy: {
      ...optionalText,
      description: "Permissions-Policy; false: none",
    },
    openerPolicy: {
      enum: [false, "same-origin", "same-origin-allow-popups", "noopener-allow-popups", "unsafe-none"],
      default: false,
      description: "Cross-Origin-Opener-Policy; false: none",
    },
    embedderPolicy: {
      enum: [false, "require-corp", "credentialless", "unsafe-none"],
      default: false,
      description: "Cross-Origin-Embedder-Policy; false: none",
    },
    resourcePolicy: {
      enum: [false, "same-origin", "same-site", "cross-origin"],
      default: false,
      description: "Cross-Origin-Resource-Policy; false: none",
    },
    remove: {
      type: "array",
      items: { type: "string", pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$" },
      default: ["server", "x-powered-by"],
      description: "Fields of the service that clients do not see",
    },
    override: {
      type: "boolean",
      default: false,
      description: "Whether fields that the service set are replaced",
    },
  },
  additionalProperties: false,
} as const;
