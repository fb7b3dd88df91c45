import type { RouteMatch, SplitKey, ValueMatch } from "../../config/route-model.ts";
import type { RouteDescription } from "./route-description.ts";

/** What answers the requests of a route, for people. */
export function answerText({ cluster, split, redirect, respond }: RouteDescription): string {
  if (split !== null) return `split ${sharesText(split)} ${keyText(split.by)}`;
  if (redirect !== null) return redirectText(redirect);
  return respond === null ? `cluster ${cluster}` : respondText(respond);
}

/** Empty: the path goes upstream as it came. */
export function rewriteText({ rewrite, match }: RouteDescription): string {
  if (rewrite === null) return "";
  return rewrite.kind === "prefix" ? `${rewrite.value} in the place of ${match.path.value}` : rewrite.value;
}

/** What a request must have for the route to take it. */
export function matchText({ host, path, methods, scheme, headers, query, cookies }: RouteMatch): string {
  return [
    methods?.join("|") ?? "any method",
    host ?? "any host",
    `${path.kind} ${path.value}`,
    ...(scheme === null ? [] : [`by ${scheme}`]),
    ...headers.map((header) => `with ${header.name}${valueText(header, ": ")}`),
    ...query.map((parameter) => `with ?${parameter.name}${valueText(parameter, "=")}`),
    ...cookies.map((cookie) => `with the cookie ${cookie.name}${valueText(cookie, "=")}`),
  ].join(", ");
}

function valueText({ value }: ValueMatch, before: string): string {
  if (value === null) return "";
  if (typeof value === "string") return `${before}${value}`;
  return before + ("prefix" in value ? `${value.prefix}…` : value.oneOf.join("|"));
}

function sharesText({ clusters }: NonNullable<RouteDescription["split"]>): string {
  const whole = clusters.reduce((sum, { weight }) => sum + weight, 0);
  const percent = (weight: number) => Math.round((weight / whole) * 1000) / 10;
  return clusters.map(({ name, weight }) => `${name} ${percent(weight)} %`).join(", ");
}

function keyText(by: SplitKey): string {
  if (by.kind === "random") return "at random";
  if (by.kind === "client-address") return "by the client's address";
  return `by the ${by.kind} ${by.name}`;
}

function redirectText(redirect: NonNullable<RouteDescription["redirect"]>): string {
  const { status, scheme, host, port, path, keepQuery } = redirect;
  const changes = [
    ...(scheme === null ? [] : [`scheme ${scheme}`]),
    ...(host === null ? [] : [`host ${host}`]),
    ...(port === null ? [] : [`port ${port}`]),
    ...(path === null ? [] : [`${path.kind === "prefix" ? "prefix" : "path"} ${path.value}`]),
    ...(keepQuery ? [] : ["no query"]),
  ];
  return `redirect ${status} to ${changes.join(", ")}`;
}

function respondText({ status, headers, body }: NonNullable<RouteDescription["respond"]>): string {
  const fields = headers.map(({ name, value }) => `${name}: ${value}`);
  return [`respond ${status}`, ...fields, `${Buffer.byteLength(body ?? "")} bytes`].join(", ");
}
