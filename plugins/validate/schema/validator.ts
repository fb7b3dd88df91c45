import type { Json, JsonObject } from "../../shared/json/json.ts";
import { pointerOf } from "../../shared/json/pointer.ts";
import { Compiler } from "./compile.ts";
import { ownUri, Registry } from "./registry.ts";
import { type Check, Run, type RunLimits, TooMuch, type Violation } from "./run.ts";

/** Checks a value against a schema; empty: it fits. */
export type Validate = (value: Json, path?: readonly (string | number)[]) => readonly Violation[];

export interface SchemaOptions extends RunLimits {
  /** Whether `format` is a rule and not a remark. */
  readonly formats: boolean;
  /** Documents that references may lead to, by their URI. */
  readonly documents?: Readonly<Record<string, JsonObject | boolean>>;
}

/**
 * Compiles a schema of JSON Schema 2020-12.
 *
 * @throws SchemaError for a schema that cannot be used
 * @example
 * const validate = validator({ required: ["id"] }, { formats: true, maxErrors: 20, maxSteps: 100_000 });
 * validate({}); // [{ pointer: "", message: 'must have "id"', schemaPointer: "#/required" }]
 */
export function validator(schema: JsonObject | boolean, options: SchemaOptions): Validate {
  const registry = registryOf(options);
  const check = new Compiler(registry, options.formats).check(registry.add(schema, ownUri));
  return running(check, options);
}

export function registryOf({ documents = {} }: Pick<SchemaOptions, "documents">): Registry {
  const registry = new Registry();
  for (const [uri, document] of Object.entries(documents)) registry.add(document, uri);
  return registry;
}

/** Runs a check with a state of its own. */
export function running(check: Check, limits: RunLimits): Validate {
  return (value, path) => {
    const run = new Run(limits, path);
    try {
      check(value, run, null);
    } catch (error) {
      const message = messageOf(error);
      if (message === null) throw error;
      return [...run.violations, { pointer: pointerOf(path ?? []), message, schemaPointer: "#" }];
    }
    return run.violations;
  };
}

/** How a value is too much, for the limits or for the stack of the engine; null: the error is another one. */
function messageOf(error: unknown): string | null {
  if (error instanceof TooMuch) return error.message;
  // V8 throws the first one, QuickJS the second one.
  const isDeep = error instanceof RangeError || (error instanceof Error && error.name === "InternalError");
  return isDeep ? "is nested too deeply to check" : null;
}
