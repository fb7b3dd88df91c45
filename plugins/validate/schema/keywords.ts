import { constant, enumeration, type } from "./any-keywords.ts";
import {
  contains,
  items,
  maxItems,
  minItems,
  prefixItems,
  unevaluatedItems,
  uniqueItems,
} from "./array-keywords.ts";
import { allOf, anyOf, condition, dependentSchemas, not, oneOf } from "./choice-keywords.ts";
import { exclusiveMaximum, exclusiveMinimum, maximum, minimum, multipleOf } from "./number-keywords.ts";
import {
  dependentRequired,
  maxProperties,
  members,
  minProperties,
  propertyNames,
  required,
  unevaluatedProperties,
} from "./object-keywords.ts";
import type { Keyword } from "./place.ts";
import { format, maxLength, minLength, pattern } from "./string-keywords.ts";

/** A keyword and what switches it on: one of the names is in the schema. */
export interface KeywordRule {
  readonly names: readonly string[];
  readonly make: Keyword;
}

const rule = (name: string, make: Keyword): KeywordRule => ({ names: [name], make });

/** Keywords of https://json-schema.org/draft/2020-12/vocab/validation, and `format`. */
export const assertions: readonly KeywordRule[] = [
  rule("type", type),
  rule("enum", enumeration),
  rule("const", constant),
  rule("multipleOf", multipleOf),
  rule("maximum", maximum),
  rule("exclusiveMaximum", exclusiveMaximum),
  rule("minimum", minimum),
  rule("exclusiveMinimum", exclusiveMinimum),
  rule("maxLength", maxLength),
  rule("minLength", minLength),
  rule("pattern", pattern),
  rule("maxItems", maxItems),
  rule("minItems", minItems),
  rule("uniqueItems", uniqueItems),
  rule("maxProperties", maxProperties),
  rule("minProperties", minProperties),
  rule("required", required),
  rule("dependentRequired", dependentRequired),
];

export const formatRule = rule("format", format);

/** Keywords that apply schemas. */
export const applicators: readonly KeywordRule[] = [
  rule("allOf", allOf),
  rule("anyOf", anyOf),
  rule("oneOf", oneOf),
  rule("not", not),
  rule("if", condition),
  rule("dependentSchemas", dependentSchemas),
  rule("prefixItems", prefixItems),
  rule("items", items),
  rule("contains", contains),
  { names: ["properties", "patternProperties", "additionalProperties"], make: members },
  rule("propertyNames", propertyNames),
];

/** Keywords that look at what all others left, so they come last. */
export const leftovers: readonly KeywordRule[] = [
  rule("unevaluatedItems", unevaluatedItems),
  rule("unevaluatedProperties", unevaluatedProperties),
];
