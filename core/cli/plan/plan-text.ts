import { noGrants } from "../../config/defaults.ts";
import type { CacheStoreConfig } from "../../config/model.ts";
import type { StoreConfig } from "../../config/store-model.ts";
import { formatDuration, formatSize } from "../../config/units.ts";
import { missingGrants } from "../../policy/grants.ts";
import { limitsText } from "../../policy/plugin-limits.ts";
import { answerText, matchText, rewriteText } from "./answer-text.ts";
import { priorityLines } from "./overload-text.ts";
import type { BodyUse, PolicyDescription, RouteDescription } from "./route-description.ts";
import { storeText } from "./store-text.ts";
import { trafficLines } from "./traffic-text.ts";

/** Routes, their policies, and the stores that those may count in, for people. */
export function planText(routes: readonly RouteDescription[], stores: readonly StoreConfig[] = []): string {
  const policies = new Map(
    routes.flatMap((route) => route.policies).map((policy) => [keyOf(policy), policy]),
  );
  return [...routes.map(routeText), ...[...policies.values()].map(policyText), ...stores.map(storeText)].join(
    "\n",
  );
}

function keyOf({ plugin, config }: PolicyDescription): string {
  return JSON.stringify([plugin, config]);
}

function routeText(route: RouteDescription): string {
  const path = rewriteText(route);
  const traffic = [
    ...(path === "" ? [] : [`  path           ${path}`]),
    ...priorityLines(route),
    ...trafficOf(route),
  ];
  const lines = [`route ${route.route}: ${matchText(route.match)}, ${answerText(route)}`];
  const end = route.redirect === null && route.respond === null ? "service" : "answer";
  if (route.policies.length === 0)
    return [
      lines[0],
      end === "service" ? "  no policies: bodies stream past" : "  no policies",
      ...traffic,
      "",
    ].join("\n");
  lines.push(
    `  request        ${["client", ...route.request, end].join(" -> ")}`,
    `  response       ${[end, ...route.response, "client"].join(" -> ")}`,
    `  request body   ${bodyText(route.requestBody)}`,
    `  response body  ${bodyText(route.responseBody)}`,
  );
  if (route.after.length > 0) lines.push(`  after          ${route.after.join(", ")}`);
  return `${[...lines, ...traffic].join("\n")}\n`;
}

function trafficOf({ cluster, traffic, shares }: RouteDescription): string[] {
  const lines = shares.flatMap((share) => trafficLines(share.cluster, share.traffic));
  if (cluster === null) return lines;
  return traffic === null
    ? ["  cluster        none yet: --upstream URL, or a file, names the service"]
    : trafficLines(cluster, traffic);
}

function bodyText({ streamedThrough, mayBeRead }: BodyUse): string {
  const streams =
    streamedThrough.length === 0 ? "streams past" : `streams through ${streamedThrough.join(", ")}`;
  if (mayBeRead.length === 0) return streams;
  const readers = mayBeRead.map(({ by, bytes }) => `${by} (up to ${formatSize(bytes)})`);
  return `${streams}; held only while read by ${readers.join(" or ")}`;
}

/** @example responsesText({ memory: 1024, disk: null, redis: null }); // "1KiB of memory" */
function responsesText({ memory, disk, redis }: CacheStoreConfig): string {
  const first = `${formatSize(memory)} of memory`;
  if (redis !== null) {
    const { store, maxBody, keep } = redis;
    return `${first}, and in the store ${store} up to ${formatSize(maxBody)} each, for ${formatDuration(keep)} at most`;
  }
  return disk === null ? first : `${first}, and ${formatSize(disk.size)} in ${disk.path}`;
}

function policyText(policy: PolicyDescription): string {
  const { plugin, file, builtIn, engine, onFailure, config, limits, maxLimits, grants, responses } = policy;
  const granted = missingGrants(grants, noGrants);
  return `policy ${plugin}: ${builtIn ? "built in" : file}, ${engine}, fails ${onFailure}
  limits  ${limitsText(limits)}
  at most ${limitsText(maxLimits)}
  grants  ${granted.join(", ") || "none"}${responses === null ? "" : `\n  keeps   responses, in ${responsesText(responses)}`}
  config  ${config === null ? "its defaults" : JSON.stringify(config)}
`;
}
