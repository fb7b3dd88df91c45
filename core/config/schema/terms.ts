import type { Bounds } from "../bounds.ts";
import { portionPattern } from "../portion.ts";
import { durationPattern, formatDuration, formatSize, sizePattern } from "../units.ts";
import { type TSchema, Type } from "./builder.ts";

/**
 * Texts beside a schema. `errorMessage` is the keyword with which editors replace their own message; the
 * loader shows the same text, so that a union of forms fails with one sentence and not with one for each form.
 */
export type Annotations = {
  readonly description: string;
  readonly default?: unknown;
  readonly errorMessage?: string;
};

/** Refuses keys that the schema does not name. */
export const closed = { additionalProperties: false } as const;

/** The keyword that replaces every other message about a value. */
export function expected(what: string): { readonly errorMessage: string } {
  return { errorMessage: `expected ${what}` };
}

/** A text that is not empty. */
export function text(what: string, annotations: Annotations) {
  return Type.Optional(Type.String({ minLength: 1, ...expected(what), ...annotations }));
}

/** True or false. */
export function flag(annotations: Annotations) {
  return Type.Optional(Type.Boolean(annotations));
}

/** A whole number within bounds. */
export function count({ min, max }: Bounds, annotations: Annotations) {
  return Type.Optional(Type.Integer({ minimum: min, maximum: max, ...annotations }));
}

/** A part of a whole, from 0 to 1. */
export function share(value: number, description: string) {
  return Type.Optional(
    Type.Number({ minimum: 0, maximum: 1, description, default: value, ...expected("a number from 0 to 1") }),
  );
}

/** A part of a whole, from 0 to 1 or in percent; its bounds are checked after the percentage is resolved. */
export function portion(value: number, description: string) {
  return Type.Optional(
    Type.Union([Type.Number({ minimum: 0, maximum: 1 }), Type.String({ pattern: portionPattern })], {
      description: `${description} From 0 to 1, or a percentage.`,
      default: value,
      ...expected('a share such as 0.1 or "10%"'),
    }),
  );
}

/** A duration in a unit or in ms; its bounds are checked after the unit is resolved. */
export function duration(milliseconds: number, { min, max }: Bounds, description: string) {
  return Type.Optional(
    Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: durationPattern })], {
      description: `${description} From ${formatDuration(min)} to ${formatDuration(max)}.`,
      default: formatDuration(milliseconds),
      ...expected('a duration such as "250ms", "10s", "5m", "1h" or a number of milliseconds'),
    }),
  );
}

/** A size in a unit or in bytes; its bounds are checked after the unit is resolved. */
export function size(bytes: number, { min, max }: Bounds, description: string) {
  return Type.Optional(
    Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: sizePattern })], {
      description: `${description} From ${formatSize(min)} to ${formatSize(max)}.`,
      default: formatSize(bytes),
      ...expected('a size such as "64KiB", "1MiB", "10MB" or a number of bytes'),
    }),
  );
}

/** Any number of items. */
export function list<Item extends TSchema>(item: Item, annotations: Annotations) {
  return Type.Optional(Type.Array(item, annotations));
}
