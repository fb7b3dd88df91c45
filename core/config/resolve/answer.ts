/** What answers the requests of a route: one cluster, several, or the proxy itself. */
import { clusterAt } from "../check-names.ts";
import type { RouteConfig } from "../model.ts";
import type { PathMatch } from "../route-model.ts";
import type { RouteInFile } from "../schema/route.ts";
import type { ConfigSource } from "../source/source.ts";
import type { Path } from "../source/value-path.ts";
import { resolveRedirect } from "./redirect.ts";
import { resolveRespond } from "./respond.ts";
import { resolveRewrite } from "./rewrite.ts";
import { resolveSplit } from "./split.ts";

export type Answer = Pick<RouteConfig, "cluster" | "split" | "redirect" | "respond" | "rewrite">;

const kinds = ["cluster", "split", "redirect", "respond"] as const;

/** Of a request that goes to no endpoint there is nothing to send. */
const forEndpoints = ["rewrite", "retry", "mirror", "fault", "hostHeader"] as const;

/**
 * What is wrong with it is reported to the source.
 *
 * @param matched by the route; null: it is wrong, and was reported
 * @param clusters every name that a route may point to
 */
export function resolveAnswer(
  route: RouteInFile,
  matched: PathMatch | null,
  clusters: readonly string[],
  path: Path,
  source: ConfigSource,
): Answer {
  const { cluster = null, split, redirect, respond, rewrite } = route;
  assertOne(route, path, source);
  if (cluster !== null) clusterAt(cluster, clusters, [...path, "cluster"], source);
  return {
    cluster,
    split: split === undefined ? null : resolveSplit(split, clusters, [...path, "split"], source),
    redirect:
      redirect === undefined ? null : resolveRedirect(redirect, matched, [...path, "redirect"], source),
    respond: respond === undefined ? null : resolveRespond(respond, [...path, "respond"], source),
    rewrite: rewrite === undefined ? null : resolveRewrite(rewrite, matched, [...path, "rewrite"], source),
  };
}

/** What routes without a name are called by. */
export function answerName({ cluster, split, redirect }: RouteInFile): string {
  if (cluster !== undefined) return cluster;
  if (split !== undefined) return "split";
  return redirect === undefined ? "respond" : "redirect";
}

function assertOne(route: RouteInFile, path: Path, source: ConfigSource): void {
  const there = kinds.filter((kind) => route[kind] !== undefined || source.isFaulty([...path, kind]));
  const expected = "expected one of cluster, split, redirect and respond";
  if (there.length === 0) source.report(path, `${expected}, found none`);
  if (there.length > 1) source.reportKey([...path, there[1]!], `${expected}, found ${there.join(" and ")}`);
  const own = there.find((kind) => kind === "redirect" || kind === "respond");
  if (own === undefined || there.length > 1) return;
  for (const key of forEndpoints) {
    if (route[key] !== undefined) {
      source.reportKey([...path, key], `expected a cluster or a split beside ${key}, found ${own}`);
    }
  }
}
