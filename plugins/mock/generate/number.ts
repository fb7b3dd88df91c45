import type { JsonObject } from "../../shared/json/json.ts";
import type { Random } from "./random.ts";

/** @throws Error when no number lies within its bounds */
export function numberOf(schema: JsonObject, isWhole: boolean, random: Random): number {
  const step = Number(schema["multipleOf"] ?? (isWhole ? 1 : 0.25));
  const unit = isWhole && !Number.isInteger(step) ? step * wholeFactor(step) : step;
  const bound = (name: string): number | undefined =>
    schema[name] === undefined ? undefined : Number(schema[name]);
  const least = bound("minimum") ?? bound("exclusiveMinimum");
  const most = bound("maximum") ?? bound("exclusiveMaximum");
  let first = Math.ceil((least ?? Math.min(0, (most ?? 1) - 1000)) / unit);
  let last = Math.floor((most ?? Math.max((least ?? 0) + 1000, 1000)) / unit);
  if (bound("exclusiveMinimum") !== undefined && first * unit <= bound("exclusiveMinimum")!) first++;
  if (bound("exclusiveMaximum") !== undefined && last * unit >= bound("exclusiveMaximum")!) last--;
  if (first > last) {
    // Bounds that lie closer together than a step which nobody asked for.
    if (
      schema["multipleOf"] === undefined &&
      !isWhole &&
      least !== undefined &&
      most !== undefined &&
      least <= most
    ) {
      return (least + most) / 2;
    }
    throw new Error(`no number lies within its bounds`);
  }
  return Number((random.integer(first, last) * unit).toPrecision(15));
}

/** By which a step has to be multiplied to be whole. */
function wholeFactor(step: number): number {
  for (let factor = 1; factor <= 10_000; factor++) if (Number.isInteger(step * factor)) return factor;
  throw new Error(`no whole number is a multiple of ${step}`);
}
