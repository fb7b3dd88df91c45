/** What is known of a request when it is decided, and how expressions see it. */
import { hostOf } from "../host.ts";
import { celValue } from "./json-value.ts";

export interface Sender {
  readonly subject: string;
  readonly method: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly scopes: readonly string[];
  readonly groups: readonly string[];
}

export interface Facts {
  readonly method: string;
  /** Absolute, as the proxy says it. */
  readonly url: string;
  readonly headers: Iterable<[string, string]> & { get(name: string): string | null };
  readonly address: string;
  readonly route: string;
  readonly sender: Sender | null;
}

/** Types of what expressions may name. */
export const variables = {
  request: {
    method: "string",
    scheme: "string",
    host: "string",
    path: "string",
    query: "string",
    headers: "map<string, string>",
  },
  client: { address: "string" },
  route: "string",
  identity: {
    authenticated: "bool",
    subject: "string",
    method: "string",
    scopes: "list<string>",
    groups: "list<string>",
    claims: "map<string, dyn>",
  },
} as const;

const nobody: Sender = { subject: "", method: "", claims: {}, scopes: [], groups: [] };

/** Not by URL, which reads differently from runtime to runtime: the proxy has taken it apart and put it together. */
const urlParts = /^([a-z]+):\/\/([^/?]*)([^?]*)\??(.*)$/s;

export function pathOf(url: string): string {
  return urlParts.exec(url)?.[3] ?? "";
}

/** Values for `variables`. */
export function valuesOf({ method, url, headers, address, route, sender }: Facts): Record<string, unknown> {
  const [, scheme = "", authority = "", path = "", query = ""] = urlParts.exec(url) ?? [];
  const { subject, method: means, claims, scopes, groups } = sender ?? nobody;
  const identity = {
    authenticated: sender !== null,
    subject,
    method: means,
    scopes,
    groups,
    claims: celValue(claims),
  };
  const request = { method, scheme, host: hostOf(authority), path, query, headers: new Map(headers) };
  return { request, client: { address }, route, identity };
}
