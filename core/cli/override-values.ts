import { addressExpected, parseAddress } from "../config/address.ts";
import { maxWorkers } from "../config/bounds.ts";
import { type Endpoint, endpointExpected, parseEndpoint } from "../config/endpoint.ts";
import type { Address, LogConfig } from "../config/model.ts";
import type { Overrides } from "../config/overrides.ts";
import { hideUserInfo } from "../config/source/hide-user-info.ts";
import type { OptionName } from "./options.ts";
import { UsageError } from "./usage-error.ts";

/** Option values as typed. */
export interface OptionValues {
  readonly upstream?: readonly string[];
  readonly listen?: string;
  readonly admin?: string;
  readonly config?: string;
  readonly plugins?: string;
  readonly state?: string;
  readonly workers?: string;
  readonly "access-log"?: boolean;
  readonly "no-access-log"?: boolean;
  readonly pretty?: boolean;
  readonly "log-level"?: string;
  readonly dir?: string;
  readonly engine?: string;
  readonly runtime?: string;
  readonly method?: string;
  readonly header?: readonly string[];
  readonly scopes?: string;
  readonly groups?: string;
  readonly claims?: string;
  readonly expires?: string;
  readonly store?: string;
  readonly json?: boolean;
  readonly deno?: boolean;
  readonly version?: boolean;
  readonly help?: boolean;
}

/** A value and where it was written, for the message when it is wrong. */
interface Written {
  readonly text: string;
  readonly source: string;
}

const logLevels: readonly string[] = [
  "debug",
  "info",
  "warn",
  "error",
  "silent",
] satisfies LogConfig["level"][];

const switchWords: Readonly<Record<string, boolean>> = {
  on: true,
  true: true,
  "1": true,
  off: false,
  false: false,
  "0": false,
};

/**
 * The typed values of flags and of `SLUICE_*` variables; a flag beats its variable, an empty variable
 * counts as absent.
 *
 * @throws UsageError naming the flag or variable
 */
export function overridesFrom(values: OptionValues, env: NodeJS.ProcessEnv): Overrides {
  const written = (
    flag: "listen" | "admin" | "plugins" | "state" | "workers" | "log-level",
  ): Written | null =>
    values[flag] === undefined ? variable(env, flag) : { text: values[flag], source: `--${flag}` };
  const flagOrSwitch = (flag: boolean | undefined, name: "access-log" | "pretty") =>
    flag ?? optional(variable(env, name), readSwitch);
  const accessLog = values["no-access-log"] ? false : values["access-log"];
  return withoutAbsent({
    upstreams: readUpstreams(values, env),
    listen: optional(written("listen"), readAddress),
    admin: optional(written("admin"), readAdmin),
    plugins: optional(written("plugins"), readFolder),
    state: optional(written("state"), readFolder),
    workers: optional(written("workers"), readWorkers),
    accessLog: flagOrSwitch(accessLog, "access-log"),
    pretty: flagOrSwitch(values.pretty, "pretty"),
    logLevel: optional(written("log-level"), readLogLevel),
  });
}

/** The `SLUICE_*` variable of an option, or null when it is unset or empty. */
export function variable(env: NodeJS.ProcessEnv, flag: OptionName): Written | null {
  const source = `SLUICE_${flag.toUpperCase().replaceAll("-", "_")}`;
  const text = env[source];
  return text ? { text, source } : null;
}

function optional<Value>(written: Written | null, read: (written: Written) => Value): Value | undefined {
  return written === null ? undefined : read(written);
}

/** An absent key and an undefined value differ under `exactOptionalPropertyTypes`. */
function withoutAbsent(values: { [Key in keyof Overrides]: Overrides[Key] | undefined }): Overrides {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function readUpstreams(values: OptionValues, env: NodeJS.ProcessEnv): readonly Endpoint[] | undefined {
  const flags = values.upstream?.map((text) => ({ text, source: "--upstream" }));
  const listed = variable(env, "upstream");
  const words = listed?.text.split(/[\s,]+/).filter((text) => text !== "");
  const written = flags ?? words?.map((text) => ({ text, source: "SLUICE_UPSTREAM" }));
  return written?.length ? written.map(readEndpoint) : undefined;
}

function readEndpoint(written: Written): Endpoint {
  return parseEndpoint(written.text) ?? refuse(written, endpointExpected);
}

function readAddress(written: Written): Address {
  return parseAddress(written.text) ?? refuse(written, addressExpected);
}

function readAdmin(written: Written): Address | null {
  return written.text === "off"
    ? null
    : (parseAddress(written.text) ?? refuse(written, `${addressExpected}, or off`));
}

/** As it is written: seen from the working directory. */
function readFolder(written: Written): string {
  return written.text.includes("\0") ? refuse(written, "a folder") : written.text;
}

function readWorkers(written: Written): number | "auto" {
  if (written.text === "auto") return "auto";
  const count = /^[0-9]{1,4}$/.test(written.text) ? Number(written.text) : 0;
  return count >= 1 && count <= maxWorkers
    ? count
    : refuse(written, `a number from 1 to ${maxWorkers}, or auto`);
}

function readSwitch(written: Written): boolean {
  return switchWords[written.text.toLowerCase()] ?? refuse(written, "on or off");
}

function readLogLevel(written: Written): LogConfig["level"] {
  if (!logLevels.includes(written.text)) refuse(written, `one of ${logLevels.join(", ")}`);
  return written.text as LogConfig["level"];
}

function refuse({ text, source }: Written, expected: string): never {
  throw new UsageError(`Cannot use ${source}: expected ${expected}, found "${hideUserInfo(text)}"`);
}
