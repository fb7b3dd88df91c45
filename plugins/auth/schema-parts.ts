/** Parts of the schemas of several strategies. */

export const texts = { type: "array", items: { type: "string", minLength: 1 }, default: [] } as const;

export const oneOrMore = {
  anyOf: [
    { type: "string", minLength: 1 },
    { type: "array", items: { type: "string", minLength: 1 } },
  ],
} as const;

export const seconds = (byDefault: number, maximum: number, description: string, minimum = 0) =>
  ({ type: "number", minimum, maximum, default: byDefault, description }) as const;

/** Signatures that are verified with a public key. */
export const publicKeyAlgorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;

/** Where a credential lies that is not in its field. */
export const otherPlaces = {
  query: {
    type: "string",
    default: "",
    description: "Parameter of the query that holds it, if the field is not there",
  },
  cookie: {
    type: "string",
    pattern: "^[^\\s;,=]*$",
    default: "",
    description: "Cookie that holds it, if neither of them is there",
  },
} as const;
