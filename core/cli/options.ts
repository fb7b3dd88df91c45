import type { ParseArgsOptionsConfig } from "node:util";

/** The options as `util.parseArgs` takes them. */
export const options = {
  upstream: { type: "string", multiple: true },
  listen: { type: "string" },
  admin: { type: "string" },
  config: { type: "string" },
  workers: { type: "string" },
  "access-log": { type: "boolean" },
  pretty: { type: "boolean" },
  "log-level": { type: "string" },
  version: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const satisfies ParseArgsOptionsConfig;

export type OptionName = keyof typeof options;

/** Switches that `--no-NAME` turns off. */
export const negatable: readonly OptionName[] = ["access-log", "pretty"];

/** Every option as it is typed, for suggestions. */
export const typedOptions: readonly string[] = [
  ...Object.keys(options).map((name) => `--${name}`),
  ...negatable.map((name) => `--no-${name}`),
];
