import type { ParseArgsOptionsConfig } from "node:util";

/**
 * The options as `util.parseArgs` takes them. `no-access-log` is one of its own because Deno's `parseArgs`
 * does not know `allowNegative`.
 */
export const options = {
  upstream: { type: "string", multiple: true },
  listen: { type: "string" },
  admin: { type: "string" },
  config: { type: "string" },
  plugins: { type: "string" },
  state: { type: "string" },
  workers: { type: "string" },
  "access-log": { type: "boolean" },
  "no-access-log": { type: "boolean" },
  pretty: { type: "boolean" },
  "log-level": { type: "string" },
  dir: { type: "string" },
  engine: { type: "string" },
  runtime: { type: "string" },
  method: { type: "string" },
  header: { type: "string", multiple: true },
  scopes: { type: "string" },
  groups: { type: "string" },
  claims: { type: "string" },
  expires: { type: "string" },
  store: { type: "string" },
  json: { type: "boolean" },
  deno: { type: "boolean" },
  version: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const satisfies ParseArgsOptionsConfig;

export type OptionName = keyof typeof options;

/** Every option as it is typed, for suggestions. */
export const typedOptions: readonly string[] = Object.keys(options).map((name) => `--${name}`);
