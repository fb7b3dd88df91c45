/** What the service that decides is told of a request, and which requests are the same to it. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { PluginRequest } from "sluice/sdk";
import type { AuthContext } from "../strategy.ts";
import type { ForwardAuthConfig } from "./config.ts";

/** Names and values; a field that the request has not is null. */
export type Facts = ReadonlyMap<string, string | null>;

/** The names are those of `cacheBy`. */
export function factsOf(
  request: PluginRequest,
  { client }: Pick<AuthContext, "client">,
  { requestHeaders }: Pick<ForwardAuthConfig, "requestHeaders">,
): Facts {
  const [, proto = "", host = "", uri = ""] = /^([a-z]+):\/\/([^/?#]*)(.*)$/is.exec(request.url) ?? [];
  const facts = new Map<string, string | null>([
    [":method", request.method],
    [":proto", proto],
    [":host", host],
    [":uri", uri],
    [":address", client.address],
  ]);
  for (const name of requestHeaders) facts.set(name.toLowerCase(), request.headers.get(name));
  return facts;
}

const forwarded: Readonly<Record<string, string>> = {
  ":method": "x-forwarded-method",
  ":proto": "x-forwarded-proto",
  ":host": "x-forwarded-host",
  ":uri": "x-forwarded-uri",
  ":address": "x-forwarded-for",
};

/** The fields of the question. What the proxy says of the request goes over fields of the client that are named like it. */
export function fieldsOf(facts: Facts, requestId: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [name, value] of [...facts].reverse()) {
    if (value !== null) fields[forwarded[name] ?? name] = value;
  }
  fields["x-request-id"] = requestId;
  return fields;
}

const encoder = new TextEncoder();

/**
 * A name for all requests that have these facts in common. A value that is missing is another one than an empty one, and
 * no value can look like two.
 *
 * @example
 * cacheKey(facts, [":method", "authorization"]) === cacheKey(others, [":method", "authorization"]); // true
 */
export function cacheKey(facts: Facts, names: readonly string[]): string {
  const values = names.map((name) => facts.get(name) ?? null);
  return String.fromCharCode(...sha256(encoder.encode(JSON.stringify(values))));
}
