import { noGrants } from "../config/defaults.ts";
import type { RouteMatch } from "../config/model.ts";
import { formatSize } from "../config/units.ts";
import { missingGrants } from "../policy/grants.ts";
import { limitsText } from "../policy/plugin-limits.ts";
import type { BodyUse, PolicyDescription, RouteDescription } from "./route-description.ts";
import { trafficLines } from "./traffic-text.ts";

/** Routes and their policies, for people. */
export function planText(routes: readonly RouteDescription[]): string {
  const policies = new Map(
    routes.flatMap((route) => route.policies).map((policy) => [keyOf(policy), policy]),
  );
  return [...routes.map(routeText), ...[...policies.values()].map(policyText)].join("\n");
}

function keyOf({ plugin, config }: PolicyDescription): string {
  return JSON.stringify([plugin, config]);
}

function routeText(route: RouteDescription): string {
  const traffic = trafficLines(route.cluster, route.traffic);
  const lines = [`route ${route.route}: ${matchText(route.match)}, cluster ${route.cluster}`];
  if (route.policies.length === 0)
    return [lines[0], "  no policies: bodies stream past", ...traffic, ""].join("\n");
  lines.push(
    `  request        ${["client", ...route.request, "service"].join(" -> ")}`,
    `  response       ${["service", ...route.response, "client"].join(" -> ")}`,
    `  request body   ${bodyText(route.requestBody)}`,
    `  response body  ${bodyText(route.responseBody)}`,
  );
  if (route.after.length > 0) lines.push(`  after          ${route.after.join(", ")}`);
  return `${[...lines, ...traffic].join("\n")}\n`;
}

function matchText({ host, path, methods, headers }: RouteMatch): string {
  const fields = headers.map(({ name, value }) =>
    value === null ? `with ${name}` : `with ${name}: ${value}`,
  );
  return [
    methods?.join("|") ?? "any method",
    host ?? "any host",
    `${path.kind} ${path.value}`,
    ...fields,
  ].join(", ");
}

function bodyText({ streamedThrough, mayBeRead }: BodyUse): string {
  const streams =
    streamedThrough.length === 0 ? "streams past" : `streams through ${streamedThrough.join(", ")}`;
  if (mayBeRead.length === 0) return streams;
  const readers = mayBeRead.map(({ by, bytes }) => `${by} (up to ${formatSize(bytes)})`);
  return `${streams}; held only while read by ${readers.join(" or ")}`;
}

function policyText(policy: PolicyDescription): string {
  const { plugin, file, builtIn, engine, onFailure, config, limits, maxLimits, grants } = policy;
  const granted = missingGrants(grants, noGrants);
  return `policy ${plugin}: ${builtIn ? "built in" : file}, ${engine}, fails ${onFailure}
  limits  ${limitsText(limits)}
  at most ${limitsText(maxLimits)}
  grants  ${granted.join(", ") || "none"}
  config  ${config === null ? "its defaults" : JSON.stringify(config)}
`;
}
