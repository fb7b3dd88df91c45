import type { Config, RouteConfig } from "../../config/model.ts";
import { compileRoutes, methodRefused } from "../../route/table.ts";
import { parseTarget, type Target } from "../../wire/target.ts";
import { checkPlugins, withRoute } from "../check/check-plugins.ts";
import { type ConfigRequest, defaultFile, findDefaultFile, readConfig } from "../config-source.ts";
import { controlReads } from "../control-reads.ts";
import { denoCommand } from "../deno-command.ts";
import { exitCodes } from "../exit-codes.ts";
import { reportPluginProblems } from "../inspect/report-plugins.ts";
import { UsageError } from "../usage-error.ts";
import type { PlanRequest } from "./plan-request.ts";
import { planText } from "./plan-text.ts";
import { describeRoute, type RouteDescription } from "./route-description.ts";

/**
 * `sluice plan`: prints what requests meet, route by route, or for one request; sends nothing.
 *
 * @returns 0, or 78 when the plugins cannot be run like this
 * @throws ConfigError with every problem of the file
 * @throws UsageError for a URL that is none
 */
export async function plan(
  { file: named, overrides, request }: ConfigRequest & { readonly request: PlanRequest },
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const file = named ?? (overrides.upstreams === undefined ? findDefaultFile() : null);
  if (file === null && overrides.upstreams === undefined && overrides.plugins === undefined) {
    throw new UsageError(
      `Nothing to plan: expected a file, --upstream or --plugins, found no ${defaultFile} here`,
    );
  }
  const config = withRoute(await readConfig(file, overrides, env));
  if (request.deno) return printDenoCommand(config, file);
  const routes = request.url === null ? config.routes : [findRoute(config, request, request.url)];
  const { plugins, problems } = await checkPlugins(config, file);
  reportPluginProblems(problems, process.stderr);
  if (problems.length > 0) return exitCodes.config;
  const described = routes.map((route) => describeRoute(route, config, plugins));
  return print(
    request.json
      ? `${JSON.stringify(asJson(described, request), null, 2)}\n`
      : planText(described, config.stores),
  );
}

/** What keeps a plugin from being compiled here may be put right where it runs. */
async function printDenoCommand(config: Config, file: string | null): Promise<number> {
  const { paths, problems } = await controlReads(config, file);
  reportPluginProblems(problems, process.stderr);
  return print(denoCommand(config, paths, process.argv.slice(2)));
}

function asJson(routes: readonly RouteDescription[], { url }: PlanRequest): unknown {
  return url === null ? routes : routes[0];
}

/** As the data path does it: by the canonical path, and by the authority in lower case. */
function findRoute({ routes }: Config, { method, headers }: PlanRequest, url: string): RouteConfig {
  const { authority, path, query } = readTarget(method, url);
  const host = authority ?? headers.get("host")?.toLowerCase() ?? "localhost";
  const number = compileRoutes(routes).match(host, path, method, {
    get: (name) => headers.get(name) ?? null,
    query,
    scheme: /^https:/i.test(url) ? "https" : "http",
  });
  const route = routes[number];
  if (route !== undefined) return route;
  const answer =
    number === methodRefused ? "405, as no route here takes the method" : "404, as no route matches";
  throw new UsageError(`No policies: ${method} ${url} is answered ${answer}`);
}

function readTarget(method: string, url: string): Target {
  try {
    return parseTarget(method, url.replace(/#.*$/, ""));
  } catch {
    throw new UsageError(`Cannot use the URL: expected http://HOST/PATH or /PATH, found "${url}"`);
  }
}

function print(text: string): number {
  process.stdout.write(text);
  return exitCodes.ok;
}
