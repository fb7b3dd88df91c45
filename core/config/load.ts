import { markSecrets } from "./mask.ts";
import type { Config } from "./model.ts";
import { applyOverrides, OverrideError, type Overrides } from "./overrides.ts";
import { ConfigError, type ConfigProblem } from "./problem.ts";
import { reportMissingFolder } from "./resolve/policies.ts";
import { resolveConfig } from "./resolve/resolve.ts";
import { prune } from "./schema/prune.ts";
import { reportMismatch } from "./schema/report-mismatch.ts";
import type { ConfigFile } from "./schema/schema.ts";
import { checkShape, type Mismatch } from "./schema/shape.ts";
import { readConfigText } from "./source/read-text.ts";
import { ConfigSource } from "./source/source.ts";
import { setValueAt, valueAt } from "./source/value-path.ts";

/** What a file is read under. */
export interface LoadOptions {
  /** Variables for `${env:NAME}`. */
  readonly env: NodeJS.ProcessEnv;
  /** What beats the file. */
  readonly overrides?: Overrides;
}

/**
 * Reads a config file.
 *
 * @throws ConfigError with every problem at once; one of kind `unreadable` when the file cannot be read
 */
export async function loadConfigFile(file: string, options: LoadOptions): Promise<Config> {
  return loadConfig(file, await readConfigText(file), options);
}

/**
 * The effective configuration that a text means.
 *
 * @param file its name, for problems and for the paths it holds, which are seen from its folder
 * @throws ConfigError with every problem at once, in the order of the text
 *
 * @example
 * const config = loadConfig("sluice.yaml", 'clusters: { app: { endpoints: ["http://127.0.0.1:3000"] } }', { env: {} });
 * config.routes[0]?.cluster; // "app"
 */
export function loadConfig(file: string, text: string, options: LoadOptions): Config {
  const source = new ConfigSource(file, text, options.env);
  const config = source.value === null ? null : interpret(source, options.overrides ?? {});
  if (config === null || source.problems.length > 0) throw new ConfigError(inOrder(source.problems));
  markSecrets(config, source.secrets);
  return config;
}

function interpret(source: ConfigSource, overrides: Overrides): Config | null {
  const written = source.value;
  let shape = checkShape(written);
  if (retype(written, shape.mismatches, source)) shape = checkShape(written);
  for (const mismatch of shape.mismatches) reportMismatch(source, mismatch, valueAt(written, mismatch.path));
  if (!shape.complete || shape.mismatches.some(isWhole)) return null;

  const names = Object.keys((valueAt(written, ["clusters"]) as object | null | undefined) ?? {});
  const config = resolveConfig(prune(written, shape.mismatches) as ConfigFile, names, source);
  const answersItself = config.routes.some(({ redirect, respond }) => redirect !== null || respond !== null);
  if (names.length === 0 && !answersItself && overrides.upstreams === undefined) {
    source.report(
      ["clusters"],
      "expected at least one cluster, or an upstream on the command line, found none",
    );
  }
  const overridden = override(config, overrides, source);
  reportMissingFolder(overridden, source);
  return overridden;
}

/** The file as a whole is no map. */
function isWhole({ path, error }: Mismatch): boolean {
  return path.length === 0 && error.keyword === "type";
}

/**
 * A variable is text, and the file wants a number or a switch in its place: reads the text as YAML would.
 *
 * @returns whether anything changed
 */
function retype(value: unknown, mismatches: readonly Mismatch[], source: ConfigSource): boolean {
  let changed = false;
  for (const { path } of mismatches) {
    const text = valueAt(value, path);
    if (typeof text !== "string" || !source.isVariable(path)) continue;
    const typed = asNumberOrSwitch(text);
    if (typed === null) continue;
    setValueAt(value, path, typed);
    changed = true;
  }
  return changed;
}

function asNumberOrSwitch(text: string): number | boolean | null {
  if (text === "true" || text === "false") return text === "true";
  return /^-?[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : null;
}

function override(config: Config, overrides: Overrides, source: ConfigSource): Config {
  try {
    return applyOverrides(config, overrides);
  } catch (error) {
    if (!(error instanceof OverrideError)) throw error;
    source.report(["clusters"], error.message);
    return config;
  }
}

function inOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
}
