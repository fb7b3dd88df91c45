import { faultText } from "../../config/fault-text.ts";
import { formatPortion } from "../../config/portion.ts";
import type {
  HashKey,
  HealthCheckConfig,
  HedgeConfig,
  MirrorConfig,
  OutlierConfig,
} from "../../config/traffic-model.ts";
import { formatDuration, formatSize } from "../../config/units.ts";
import { limitsText } from "./overload-text.ts";
import type { PlannedEndpoint, TrafficDescription } from "./traffic-description.ts";

/** More are only counted. */
const mostEndpoints = 8;

/** Lines of a plan, for people: what a request meets behind the policies. */
export function trafficLines(cluster: string, traffic: TrafficDescription): string[] {
  const { fault } = traffic;
  const limits = limitsText(traffic);
  return [
    ...(fault === null ? [] : [`  faults         ON: ${faultText(fault)}`]),
    `  cluster        ${cluster}: ${balanceText(traffic)}`,
    `  endpoints      ${endpointsText(traffic)}`,
    `  timeout        ${timeoutText(traffic)}`,
    `  retry          ${retryText(traffic)}`,
    `  health         ${healthText(traffic)}`,
    ...(limits === "" ? [] : [`  limits         ${limits}`]),
    ...traffic.mirror.map((mirror) => `  copies         ${mirrorText(mirror)}`),
  ];
}

function balanceText({ balance, hashKey, sticky }: TrafficDescription): string {
  const key = hashKey === null ? "" : ` of ${hashKeyText(hashKey)}`;
  return `${balance}${key}${sticky === null ? "" : `, sticky by the cookie ${sticky.cookie}`}`;
}

function hashKeyText(key: HashKey): string {
  if (key.kind === "header" || key.kind === "cookie") return `the ${key.kind} ${key.name}`;
  return key.kind === "policy" ? "what a policy says" : "the client's address";
}

function endpointsText({ endpoints, discovery }: TrafficDescription): string {
  if (discovery !== null) return `discovered: ${discovery}`;
  const shown = endpoints.slice(0, mostEndpoints).map(endpointText);
  const more = endpoints.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(", ");
}

function endpointText({ address, weight, zone, priority }: PlannedEndpoint): string {
  const facts = [
    ...(weight === 1 ? [] : [`weight ${weight}`]),
    ...(zone === null ? [] : [`zone ${zone}`]),
    ...(priority === 0 ? [] : [`priority ${priority}`]),
  ];
  return facts.length === 0 ? address : `${address} (${facts.join(", ")})`;
}

function timeoutText({ timeout, timeouts, retry, deadlineHeader }: TrafficDescription): string {
  const all = timeout === 0 ? "none in all" : `${formatDuration(timeout)} in all`;
  const { connect, responseHead } = timeouts;
  const head = retry === null || retry.perTry === 0 ? responseHead : Math.min(retry.perTry, responseHead);
  return `${all}; for each attempt ${formatDuration(connect)} to connect, ${formatDuration(head)} to the response head${deadlineText(deadlineHeader)}`;
}

function deadlineText(header: TrafficDescription["deadlineHeader"]): string {
  if (header === null) return "";
  const { name, from } = header;
  const believed = { nobody: "", trusted: ", believed of trusted proxies", anyone: ", believed of anyone" }[
    from
  ];
  return `; told in ${name}${believed}`;
}

function retryText({ retry, retryBudget, endpoints, discovery }: TrafficDescription): string {
  if (retry === null || retry.attempts === 0) return "none";
  const { attempts, on, anyMethod, replay, hedge } = retry;
  const { ratio, minimum } = retryBudget;
  const where = discovery !== null || endpoints.length > 1 ? "elsewhere" : "at the same endpoint";
  return [
    `${attempts} more ${attempts === 1 ? "attempt" : "attempts"} ${where} on ${on.join(", ")}`,
    anyMethod ? "any method" : "idempotent requests, and what did not arrive",
    `bodies up to ${formatSize(replay)}`,
    ...(hedge === null ? [] : [hedgeText(hedge)]),
    `in all at most ${percent(ratio)} of the requests and ${minimum} a second`,
  ].join("; ");
}

function hedgeText({ percentile, least }: HedgeConfig): string {
  return `a second one beside the first when that takes longer than ${percent(percentile)} do, and than ${formatDuration(least)}`;
}

function healthText({ health, outlier, endpoints, discovery }: TrafficDescription): string {
  const checks = health === null ? "no checks" : checkText(health);
  const isOnly = discovery === null && endpoints.length < 2;
  return `${checks}; ${isOnly ? "the only endpoint is never left out for its answers" : outlierText(outlier)}`;
}

function checkText({ http, interval, unhealthyAfter }: HealthCheckConfig): string {
  const what = http === null ? "a connection" : `GET ${http.path}`;
  return `${what} every ${formatDuration(interval)}, unhealthy after ${unhealthyAfter} in a row`;
}

function outlierText(outlier: OutlierConfig | null): string {
  if (outlier === null) return "nobody is left out for its answers";
  const { consecutiveFailures, successRateDeviations, latencyFactor, ejection } = outlier;
  const reasons = [
    ...(consecutiveFailures > 0 ? [`${consecutiveFailures} failures in a row`] : []),
    ...(successRateDeviations > 0 ? ["a worse success rate than the others"] : []),
    ...(latencyFactor > 0 ? [`${latencyFactor} times the median latency`] : []),
  ];
  if (reasons.length === 0) return "nobody is left out for its answers";
  return `left out for ${formatDuration(ejection)} or longer after ${reasons.join(" or ")}`;
}

function mirrorText({ cluster, share, maxBody, maxInFlight, timeout }: MirrorConfig): string {
  return [
    `${formatPortion(share)} to ${cluster}`,
    `bodies up to ${formatSize(maxBody)}`,
    `${maxInFlight} at once in each worker`,
    `${formatDuration(timeout)} for each`,
  ].join("; ");
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}
