/**
 * JSON Schema (2020-12) of a plugin's config, as far as its keywords have a meaning here. Write it down as
 * a literal, without `as const`, or make it with typebox.
 *
 * @example
 * const schema: ConfigSchema = {
 *   type: "object",
 *   properties: { paths: { type: "array", items: { type: "string" }, default: [] } },
 *   additionalProperties: false,
 * };
 */
export interface ConfigSchema {
  readonly type?: SchemaType | readonly SchemaType[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  /** Stands for a value that is not there; a property with a default is always there. */
  readonly default?: unknown;
  readonly title?: string;
  readonly description?: string;
  readonly examples?: unknown;
  readonly deprecated?: boolean;

  readonly properties?: { readonly [name: string]: ConfigSchema | boolean };
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: ConfigSchema | boolean;
  /** Patterns are JavaScript's, with the flag `u`. They run in the plugin's sandbox, within its `limits.cpu`. */
  readonly patternProperties?: { readonly [pattern: string]: ConfigSchema | boolean };
  readonly propertyNames?: ConfigSchema | boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;

  readonly items?: ConfigSchema | boolean | readonly ConfigSchema[];
  readonly prefixItems?: readonly ConfigSchema[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;

  readonly minLength?: number;
  readonly maxLength?: number;
  /** As those of `patternProperties`. */
  readonly pattern?: string;
  /** `store`: the name of a store that the config has to have, which `sluice check` looks for. Others have no meaning. */
  readonly format?: string;

  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;

  readonly anyOf?: readonly (ConfigSchema | boolean)[];
  readonly oneOf?: readonly (ConfigSchema | boolean)[];
  readonly allOf?: readonly (ConfigSchema | boolean)[];
  readonly not?: ConfigSchema | boolean;

  /** Marks of typebox: the kind of a schema, and the type that `Type.Unsafe` claims. */
  readonly "~kind"?: string;
  readonly "~unsafe"?: unknown;
}

export type SchemaType = "string" | "number" | "integer" | "boolean" | "null" | "array" | "object";

/** The schema of a plugin that has none. */
export interface NoConfig extends ConfigSchema {
  readonly type: "object";
  readonly properties: Record<never, never>;
  readonly additionalProperties: false;
}
