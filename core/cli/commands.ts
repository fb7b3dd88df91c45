import type { OptionName } from "./options.ts";

/** What a command takes besides `--help`. */
export interface CommandShape {
  /** Most words after its name. */
  readonly operands: number;
  /** Options of its own. */
  readonly options: readonly OptionName[];
  /** Whether it reads the configuration, and so takes what a run takes. */
  readonly configured: boolean;
}

/** The command line without a command. */
export const runShape: CommandShape = { operands: 0, options: [], configured: true };

export const commands = {
  new: { operands: 2, options: ["dir"], configured: false },
  dev: { operands: 0, options: [], configured: true },
  check: { operands: 1, options: [], configured: true },
  plan: { operands: 1, options: ["method", "header", "json", "deno"], configured: true },
  test: { operands: 1, options: ["engine", "runtime"], configured: false },
  key: { operands: 2, options: ["scopes", "groups", "claims", "expires", "store", "json"], configured: true },
  schema: { operands: 0, options: [], configured: false },
} as const satisfies Record<string, CommandShape>;

export type CommandName = keyof typeof commands;

/** Options that one command alone takes. */
const ownOptions: ReadonlySet<OptionName> = new Set(
  Object.values(commands).flatMap(({ options }): readonly OptionName[] => options),
);

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

/** Whether a command takes an option. */
export function takesOption({ options, configured }: CommandShape, name: OptionName): boolean {
  if (name === "help" || name === "version") return true;
  return ownOptions.has(name) ? options.includes(name) : configured;
}
