import { parseArgs } from "node:util";
import { parseEndpoint } from "../config/endpoint.ts";
import { hideUserInfo } from "../config/hide-user-info.ts";
import type { Overrides } from "../config/overrides.ts";
import { didYouMean } from "../config/suggest.ts";
import { type OptionName, options, typedOptions } from "./options.ts";
import { type OptionValues, overridesFrom, variable } from "./override-values.ts";
import { UsageError } from "./usage-error.ts";

/** What the command line asks for. */
export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "schema" }
  | { readonly kind: "check"; readonly file: string | null; readonly overrides: Overrides }
  | { readonly kind: "run"; readonly file: string | null; readonly overrides: Overrides };

const commands = ["check", "schema"];

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
  const { values, positionals } = readArguments(argv);
  if (values.help) return { kind: "help" };
  if (values.version) return { kind: "version" };
  const [name, ...operands] = positionals;
  if (name !== undefined && !commands.includes(name)) {
    throw new UsageError(`Unknown command "${hideUserInfo(name)}"${commandHint(name)}`);
  }
  const surplus = name === "check" ? operands[1] : operands[0];
  if (surplus !== undefined) throw new UsageError(`Unexpected argument "${surplus}"`);
  if (name === "schema") return { kind: "schema" };
  const file = operands[0] ?? values.config ?? variable(env, "config")?.text ?? null;
  return { kind: name === "check" ? "check" : "run", file, overrides: overridesFrom(values, env) };
}

function commandHint(name: string): string {
  return parseEndpoint(name) === null ? didYouMean(name, commands) : ` (did you mean "--upstream ${name}"?)`;
}

function readArguments(argv: readonly string[]): { values: OptionValues; positionals: string[] } {
  const parsed = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of parsed.tokens) {
    if (token.kind !== "option") continue;
    // Another option in the place of a value: "--listen --pretty".
    const missing = token.inlineValue === false && token.value.startsWith("-");
    checkOption(token.rawName, token.name, missing ? undefined : token.value);
  }
  return { values: parsed.values as OptionValues, positionals: parsed.positionals };
}

function checkOption(typed: string, name: string, value: string | undefined): void {
  if (!Object.hasOwn(options, name))
    throw new UsageError(`Unknown option "${typed}"${didYouMean(typed, typedOptions)}`);
  const takesValue = options[name as OptionName].type === "string";
  if (takesValue && !value) throw new UsageError(`Option ${typed} needs a value`);
  if (!takesValue && value !== undefined)
    throw new UsageError(`Option ${typed} takes no value, found "${value}"`);
}
