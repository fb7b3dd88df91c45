import type { Context, PluginRequest } from "sluice/sdk";
import { compileExpression } from "../shared/cel/expression.ts";
import { valuesOf, variables } from "../shared/cel/request-facts.ts";
import { hostOf } from "../shared/host.ts";
import type { LimitConfig } from "./config.ts";
import { networkOf } from "./network.ts";
import { shortened } from "./shortened.ts";

type Facts = Pick<Context, "client" | "identity" | "route">;

/** What a request is counted by; null: this limit is not for it. */
export type KeyOf = (request: PluginRequest, ctx: Context) => string | null;

/** A key of the author's; null: the limit is not for this request. */
export type OwnKey = (request: PluginRequest, ctx: Context) => string | null;

type Part = (request: PluginRequest, ctx: Facts) => string | null;

/**
 * Makes the function that finds the key of a request.
 *
 * @param bits of IPv6 addresses
 * @throws Error for what nobody can find
 * @example
 * keyFor({ key: ["address"], missing: "address" }, 64, null)(request, ctx); // "203.0.113.7"
 */
export function keyFor(
  { key, missing }: Pick<LimitConfig, "key" | "missing">,
  bits: number,
  own: OwnKey | null,
): KeyOf {
  const address = addressPart(bits);
  const orAddress = (part: Part): Part => {
    if (missing === "skip") return part;
    // The mark: no header may take the place of somebody's address.
    return (request, ctx) => part(request, ctx) ?? `@${address(request, ctx)}`;
  };
  if (!Array.isArray(key)) return orAddress(expressionPart((key as { expression: string }).expression));
  const parts = (key as readonly string[]).map((name): Part => {
    if (name === "address") return address;
    return orAddress(name === "function" ? ownPart(own) : partFor(name));
  });
  const [first] = parts;
  if (first === undefined) return () => "";
  if (parts.length === 1) return first;
  return (request, ctx) => {
    let key = "";
    for (const part of parts) {
      const value = part(request, ctx);
      if (value === null) return null;
      key += `${value.length}:${value}`;
    }
    return key;
  };
}

/** Addresses whose network is remembered: finding it takes longer than all else. */
const mostRemembered = 1000;

function addressPart(bits: number): Part {
  const networks = new Map<string, string>();
  return (_, { client: { address } }) => {
    if (!address.includes(":")) return address;
    let network = networks.get(address);
    if (network === undefined) {
      if (networks.size >= mostRemembered) networks.clear();
      network = networkOf(address, bits);
      networks.set(address, network);
    }
    return network;
  };
}

function partFor(name: string): Part {
  switch (name) {
    case "identity":
      return (_, { identity }) =>
        identity && marked(`${identity.method.length}:${identity.method}${identity.subject}`);
    case "route":
      return (_, { route }) => marked(route.name);
    case "method":
      return ({ method }) => marked(method);
    case "host":
      return ({ url }) => marked(hostOf(authorityOf(url)));
    default: {
      const field = name.slice("header:".length).toLowerCase();
      return ({ headers }) => marked(headers.get(field));
    }
  }
}

function ownPart(own: OwnKey | null): Part {
  if (own === null) throw new Error("Cannot use key: there is no function (see rateLimit({ key }))");
  return (request, ctx) => marked(own(request, ctx as Context));
}

/** One that comes to no value, or to null, is as a header that is missing. */
function expressionPart(text: string): Part {
  const evaluate = compileExpression(text, { result: "string", variables });
  return ({ method, url, headers }, { client, route, identity }) => {
    let value: unknown;
    try {
      const { address } = client;
      value = evaluate(valuesOf({ method, url, headers, address, route: route.name, sender: identity }));
    } catch {
      return null;
    }
    // What has no type before it is evaluated may turn out to be anything.
    const isScalar = ["string", "number", "bigint", "boolean"].includes(typeof value);
    return isScalar ? marked(String(value)) : null;
  };
}

function marked(value: string | null): string | null {
  return value === null ? null : `=${shortened(value)}`;
}

function authorityOf(url: string): string {
  return /\/\/([^/?#]*)/.exec(url)?.[1] ?? "";
}
