import type { ConfigOf } from "sluice/sdk";
import { type CacheRules, defaultRules } from "./rules.ts";

const names = { type: "array", items: { type: "string", minLength: 1 }, default: [] } as const;

/** What an operator may say; README.md tells the same for people. */
export const schema = {
  type: "object",
  additionalProperties: false,
  properties: {
    name: {
      type: "string",
      minLength: 1,
      maxLength: 100,
      default: "sluice",
      description: "How the cache calls itself in Cache-Status",
    },
    status: { type: "boolean", default: true, description: "Whether clients are sent Cache-Status" },
    lifetimes: {
      type: "object",
      additionalProperties: { type: "number", minimum: 0 },
      default: {},
      description: "Seconds by status, for responses that do not say how long they are fresh",
    },
    heuristicFraction: {
      type: "number",
      minimum: 0,
      maximum: 1,
      default: 0.1,
      description: "Part of the time since Last-Modified for which a response is fresh that does not say it",
    },
    honourClients: {
      type: "boolean",
      default: true,
      description: "Whether Cache-Control of clients counts, with which they can ask the service at will",
    },
    staleWhileRevalidate: {
      type: "number",
      minimum: 0,
      default: 0,
      description:
        "Seconds for which a stale response is used while it is refreshed, where the service does not say",
    },
    staleIfError: {
      type: "number",
      minimum: 0,
      default: 0,
      description:
        "Seconds for which a stale response stands in for 500, 502, 503 and 504, where the service does not say",
    },
    staleIfUnreachable: {
      type: "number",
      minimum: 0,
      default: 3600,
      description: "Seconds for which a stale response stands in for a service that does not answer",
    },
    collapse: {
      type: "object",
      additionalProperties: false,
      default: {},
      description: "Whether requests that want the same wait for the first of them",
      properties: {
        timeout: {
          type: "number",
          minimum: 0,
          maximum: 60,
          default: 3,
          description:
            "Seconds that a request waits at most, then it goes to the service itself; 0: none waits",
        },
      },
    },
    maxBody: {
      type: "integer",
      minimum: 0,
      default: 8_388_608,
      description: "Longest body that is kept, in bytes",
    },
    maxVariants: {
      type: "integer",
      minimum: 1,
      maximum: 256,
      default: 32,
      description: "Responses of one URL that are kept for different request fields (Vary)",
    },
    keyHeaders: { ...names, description: "Request fields whose values belong to the key" },
    keyCookies: { ...names, description: "Cookies whose values belong to the key" },
    ignoreQuery: {
      ...names,
      description: "Query parameters that do not belong to the key; utm_* stands for all that begin so",
    },
    sortQuery: {
      type: "boolean",
      default: false,
      description: "Whether the order of query parameters does not count",
    },
    setCookie: {
      enum: ["never", "strip", "share"],
      default: "strip",
      description:
        "Responses with Set-Cookie: never kept; kept without it where the service says public or s-maxage; or shared with it",
    },
    tagFields: {
      type: "array",
      items: { type: "string", minLength: 1 },
      default: ["cache-tag", "surrogate-key"],
      description: "Response fields whose values are tags to purge by; clients do not get them",
    },
    exposeTags: { type: "boolean", default: false, description: "Whether clients get them all the same" },
  },
} as const;

export type CacheConfig = ConfigOf<typeof schema>;

/** The rules that a config means. */
export function rulesOf(config: CacheConfig): CacheRules {
  const lifetimes = Object.entries(config.lifetimes).map(([status, seconds]) => {
    if (!/^[2-5]\d\d$/.test(status)) throw new Error(`Cannot use lifetimes.${status}: it is no status`);
    return [status, Number(seconds) * 1000];
  });
  return {
    ...defaultRules,
    key: {
      fields: config.keyHeaders.map((name) => name.toLowerCase()),
      cookies: config.keyCookies,
      ignoredQuery: config.ignoreQuery,
      sortQuery: config.sortQuery,
    },
    tagFields: config.tagFields.map((name) => name.toLowerCase()),
    lifetimes: Object.fromEntries(lifetimes),
    heuristicFraction: config.heuristicFraction,
    honourClients: config.honourClients,
    staleWhileRevalidate: config.staleWhileRevalidate * 1000,
    staleIfError: config.staleIfError * 1000,
    staleIfUnreachable: config.staleIfUnreachable * 1000,
    setCookie: config.setCookie,
    maximumBody: config.maxBody,
  };
}
