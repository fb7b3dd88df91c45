import type { ConfigOf } from "sluice/sdk";

const name = { type: "string", pattern: "^[A-Za-z0-9_-]+$" } as const;
const optionalName = (description: string) =>
  ({ type: "string", pattern: "^[A-Za-z0-9_-]*$", default: "", description }) as const;

/** The config of `type: forward-auth`. */
export const forwardAuthSchema = {
  type: "object",
  required: ["url"],
  additionalProperties: false,
  properties: {
    url: { type: "string", pattern: "^https?://\\S+$", description: "Of the service that decides" },
    method: {
      enum: ["GET", "HEAD", "POST", "same"],
      default: "GET",
      description: "Of the question; same: the request's own. There is no body in any case",
    },
    requestHeaders: {
      type: "array",
      items: name,
      default: ["authorization", "cookie"],
      description:
        "Fields of the request that it gets, beside X-Forwarded-Method, -Proto, -Host, -Uri and -For",
    },
    onlyWith: {
      type: "array",
      items: name,
      default: [],
      description:
        "Fields of which a request needs one to have credentials of this kind; []: the service is asked about every request",
    },
    responseHeaders: {
      type: "array",
      items: name,
      default: [],
      description:
        "Fields of an answer that allows which are set in the request; what clients send there is removed",
    },
    clientHeaders: {
      type: "array",
      items: name,
      default: ["www-authenticate", "location", "set-cookie", "retry-after"],
      description: "Fields of an answer that does not allow which the client gets, beside Content-Type",
    },
    subjectHeader: optionalName(
      "Field of an answer that allows with the subject, which has to be there; empty: subject",
    ),
    subject: {
      type: "string",
      minLength: 1,
      maxLength: 1024,
      default: "forward-auth",
      description: "Who everybody is, where subjectHeader is empty",
    },
    scopesHeader: optionalName("Field with the scopes, with spaces between"),
    groupsHeader: optionalName("Field with the groups, with commas between"),
    claims: {
      type: "object",
      additionalProperties: name,
      default: {},
      description: "Further facts: names of fields by names of claims",
    },
    timeout: {
      type: "number",
      minimum: 0.01,
      maximum: 60,
      default: 5,
      description: "Seconds that the service may take to answer",
    },
    mostBody: {
      type: "integer",
      minimum: 0,
      maximum: 1_048_576,
      default: 16_384,
      description: "Bytes of the body of an answer that does not allow; a longer one is left out",
    },
    cacheFor: {
      type: "number",
      minimum: 0,
      maximum: 86_400,
      default: 0,
      description: "Seconds for which an answer that allows is remembered; 0: none is",
    },
    cacheBy: {
      type: "array",
      items: { type: "string", pattern: "^(:(method|proto|host|uri|address)|[A-Za-z0-9_-]+)$" },
      default: [],
      description:
        "What requests have in common that share an answer: names of requestHeaders and :method, :proto, :host, :uri, :address; []: all that the service gets",
    },
    cache: {
      type: "integer",
      minimum: 1,
      maximum: 1_000_000,
      default: 4096,
      description: "Answers that are remembered",
    },
  },
} as const;

export type ForwardAuthConfig = ConfigOf<typeof forwardAuthSchema>;
