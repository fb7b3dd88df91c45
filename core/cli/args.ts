import { parseArgs } from "node:util";
import { parseEndpoint } from "../config/endpoint.ts";
import type { Overrides } from "../config/overrides.ts";
import { hideUserInfo } from "../config/source/hide-user-info.ts";
import { didYouMean } from "../config/suggest.ts";
import type { TestRequest } from "./authoring/test-plugins.ts";
import {
  type CommandName,
  type CommandShape,
  commands,
  isCommandName,
  runShape,
  takesOption,
} from "./commands.ts";
import { type KeyRequest, readKeyRequest } from "./key/request.ts";
import { type OptionName, options, typedOptions } from "./options.ts";
import { type OptionValues, overridesFrom, variable } from "./override-values.ts";
import { type PlanRequest, readPlanRequest } from "./plan/plan-request.ts";
import { UsageError } from "./usage-error.ts";

/** What a command that reads the configuration is given. */
interface Configured {
  /** Null: the default file where there is one. */
  readonly file: string | null;
  readonly overrides: Overrides;
}

/** What the command line asks for. */
export type Command =
  | { readonly kind: "help"; readonly topic: CommandName | null }
  | { readonly kind: "version" }
  | { readonly kind: "schema" }
  | { readonly kind: "new"; readonly name: string; readonly folder: string }
  | ({ readonly kind: "test" } & TestRequest)
  | ({ readonly kind: "check" | "dev" | "run" } & Configured)
  | ({ readonly kind: "plan"; readonly request: PlanRequest } & Configured)
  | ({ readonly kind: "key"; readonly request: KeyRequest } & Configured);

/** Where plugins are written and tested when nothing else is said. */
export const pluginFolder = "plugins";

interface Arguments {
  readonly values: OptionValues;
  /** Without the name of the command. */
  readonly operands: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Reads the command line over the environment. A flag beats its variable.
 *
 * @param argv without the runtime and the script
 * @throws UsageError with one line that says what was expected and what was found
 *
 * @example
 * parseCommandLine(["--upstream", "http://127.0.0.1:3000"], {}).kind; // "run"
 */
export function parseCommandLine(argv: readonly string[], env: NodeJS.ProcessEnv): Command {
  const { values, positionals, typed } = readArguments(argv);
  const [name, ...operands] = positionals;
  if (values.version) return { kind: "version" };
  if (values.help) return { kind: "help", topic: name !== undefined && isCommandName(name) ? name : null };
  if (name === undefined) {
    checkShape("sluice", runShape, operands, typed);
    return { kind: "run", ...configured(null, { values, operands, env }) };
  }
  if (!isCommandName(name))
    throw new UsageError(`Unknown command "${hideUserInfo(name)}"${commandHint(name)}`);
  checkShape(`sluice ${name}`, commands[name], operands, typed);
  return readers[name]({ values, operands, env });
}

const readers: Readonly<Record<CommandName, (given: Arguments) => Command>> = {
  new: ({ operands: [what, name], values }) => {
    if (what !== "policy" || name === undefined) {
      throw new UsageError(`Cannot make it: expected "sluice new policy NAME"`);
    }
    return { kind: "new", name, folder: values.dir ?? pluginFolder };
  },
  dev: (given) => ({ kind: "dev", ...configured(null, given) }),
  check: (given) => ({ kind: "check", ...configured(given.operands[0] ?? null, given) }),
  plan: (given) => ({
    kind: "plan",
    request: readPlanRequest(given.operands[0] ?? null, given.values),
    ...configured(null, given),
  }),
  test: ({ operands, values }) => ({
    kind: "test",
    path: operands[0] ?? pluginFolder,
    engine: values.engine ?? null,
    runtime: values.runtime ?? null,
  }),
  key: (given) => ({
    kind: "key",
    request: readKeyRequest(given.operands, given.values),
    ...configured(null, given),
  }),
  schema: () => ({ kind: "schema" }),
};

function configured(file: string | null, { values, env }: Arguments): Configured {
  return {
    file: file ?? values.config ?? variable(env, "config")?.text ?? null,
    overrides: overridesFrom(values, env),
  };
}

function checkShape(
  whose: string,
  shape: CommandShape,
  operands: readonly string[],
  typed: readonly (readonly [raw: string, name: OptionName])[],
): void {
  const surplus = operands[shape.operands];
  if (surplus !== undefined) throw new UsageError(`Unexpected argument "${surplus}"`);
  for (const [raw, name] of typed) {
    if (!takesOption(shape, name)) throw new UsageError(`Option ${raw} does not go with "${whose}"`);
  }
}

function commandHint(name: string): string {
  return parseEndpoint(name) === null
    ? didYouMean(name, Object.keys(commands))
    : ` (did you mean "--upstream ${name}"?)`;
}

function readArguments(argv: readonly string[]) {
  const parsed = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const typed: [raw: string, name: OptionName][] = [];
  for (const token of parsed.tokens) {
    if (token.kind !== "option") continue;
    // Another option in the place of a value: "--listen --pretty".
    const missing = token.inlineValue === false && token.value.startsWith("-");
    checkOption(token.rawName, token.name, missing ? undefined : token.value);
    typed.push([token.rawName, token.name as OptionName]);
  }
  return { values: parsed.values as OptionValues, positionals: parsed.positionals, typed };
}

function checkOption(typed: string, name: string, value: string | undefined): void {
  if (!Object.hasOwn(options, name))
    throw new UsageError(`Unknown option "${typed}"${didYouMean(typed, typedOptions)}`);
  const takesValue = options[name as OptionName].type === "string";
  if (takesValue && !value) throw new UsageError(`Option ${typed} needs a value`);
  if (!takesValue && value !== undefined)
    throw new UsageError(`Option ${typed} takes no value, found "${value}"`);
}
