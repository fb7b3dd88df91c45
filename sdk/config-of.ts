/**
 * The type of the values that a JSON Schema accepts, once defaults are filled in. A property that is
 * required or has a default is there; any other may be missing. What a schema leaves open, or says with a
 * keyword that types cannot express, is `unknown`.
 *
 * @example
 * type Header = ConfigOf<{ type: "object"; properties: { name: { type: "string"; default: "x-tenant" } } }>;
 * // { readonly name: string }
 */
export type ConfigOf<Schema> = Schema extends false
  ? never
  : Schema extends { readonly "~unsafe": infer Claimed }
    ? Claimed
    : Schema extends { readonly const: infer Value }
      ? Value
      : Schema extends { readonly enum: readonly (infer Value)[] }
        ? Value
        : Flat<ByType<Schema> & AnyOf<Schema> & OneOf<Schema> & AllOf<Schema>>;

/** One object type instead of an intersection: what an editor shows is what there is. */
type Flat<Value> = unknown extends Value ? Value : { [Key in keyof Value]: Value[Key] };

type ByType<Schema> = Schema extends { readonly type: infer Name }
  ? OfType<Schema, Name extends readonly unknown[] ? Name[number] : Name>
  : Schema extends { readonly properties: unknown }
    ? ObjectOf<Schema>
    : unknown;

type OfType<Schema, Name> = Name extends "string"
  ? string
  : Name extends "number" | "integer"
    ? number
    : Name extends "boolean"
      ? boolean
      : Name extends "null"
        ? null
        : Name extends "array"
          ? ListOf<Schema>
          : Name extends "object"
            ? ObjectOf<Schema>
            : unknown;

type AnyOf<Schema> = Schema extends { readonly anyOf: readonly (infer Choice)[] }
  ? ConfigOf<Choice>
  : unknown;
type OneOf<Schema> = Schema extends { readonly oneOf: readonly (infer Choice)[] }
  ? ConfigOf<Choice>
  : unknown;
type AllOf<Schema> = Schema extends { readonly allOf: infer Parts } ? Both<Parts> : unknown;

type Both<Parts> = Parts extends readonly [infer First, ...infer Others]
  ? ConfigOf<First> & Both<Others>
  : unknown;

type ListOf<Schema> = Schema extends { readonly prefixItems: infer Items extends readonly unknown[] }
  ? readonly [...AsLongAs<Schema, TupleOf<Items>>, ...RestOf<Schema>]
  : Schema extends { readonly items: infer Items extends readonly unknown[] }
    ? Readonly<AsLongAs<Schema, TupleOf<Items>>>
    : Schema extends { readonly items: infer Item }
      ? readonly ConfigOf<Item>[]
      : readonly unknown[];

type TupleOf<Items extends readonly unknown[]> = { -readonly [Index in keyof Items]: ConfigOf<Items[Index]> };

/** `prefixItems` says what items are, not that they are there: `minItems` does. */
type AsLongAs<Schema, Tuple extends readonly unknown[]> = Schema extends {
  readonly minItems: Tuple["length"];
}
  ? Tuple
  : Partial<Tuple>;

type RestOf<Schema> = Schema extends { readonly items: infer Item }
  ? Item extends false
    ? []
    : ConfigOf<Item>[]
  : unknown[];

type ObjectOf<Schema> = Schema extends { readonly properties: infer Properties }
  ? NamedOf<Schema, Properties> & OthersOf<Schema, ConfigOf<Properties[keyof Properties]>>
  : DictionaryOf<Schema>;

type NamedOf<Schema, Properties> = {
  readonly [Name in GivenNames<Schema, Properties>]: ConfigOf<Properties[Name]>;
} & {
  readonly [Name in Exclude<keyof Properties, GivenNames<Schema, Properties>>]?: ConfigOf<Properties[Name]>;
};

type GivenNames<Schema, Properties> = {
  [Name in keyof Properties]: Name extends RequiredNames<Schema>
    ? Name
    : Properties[Name] extends { readonly default: unknown }
      ? Name
      : never;
}[keyof Properties];

type RequiredNames<Schema> = Schema extends { readonly required: readonly (infer Name)[] } ? Name : never;

/** Beside named properties; an index signature must hold for these as well. */
type OthersOf<Schema, Named> = Schema extends { readonly additionalProperties: infer Other }
  ? Other extends false
    ? unknown
    : { readonly [name: string]: ConfigOf<Other> | Named | undefined }
  : unknown;

type DictionaryOf<Schema> = Schema extends { readonly patternProperties: infer Patterns }
  ? { readonly [name: string]: ConfigOf<Patterns[keyof Patterns]> }
  : Schema extends { readonly additionalProperties: infer Other }
    ? { readonly [Name in Other extends false ? never : string]: ConfigOf<Other> }
    : { readonly [name: string]: unknown };
