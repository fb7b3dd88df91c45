/** A part of a whole, as people write it. */
import type { ConfigSource } from "./source/source.ts";
import type { Path } from "./source/value-path.ts";

export const portionPattern = "^[0-9]+(\\.[0-9]+)?%$";

/**
 * A number from 0 to 1: of a number as it is, of a percentage its hundredth. Null for any other.
 *
 * @example
 * parsePortion("2.5%"); // 0.025
 */
export function parsePortion(value: number | string): number | null {
  if (typeof value === "string" && !new RegExp(portionPattern).test(value)) return null;
  const portion = typeof value === "number" ? value : Number.parseFloat(value) / 100;
  return portion >= 0 && portion <= 1 ? portion : null;
}

/**
 * As few digits as say it.
 *
 * @example
 * formatPortion(0.025); // "2.5 %"
 */
export function formatPortion(portion: number): string {
  return `${Number((portion * 100).toPrecision(12))} %`;
}

/** What is written, or the default; what is neither is reported to the source. */
export function resolvePortion(
  written: number | string | undefined,
  byDefault: number,
  path: Path,
  source: ConfigSource,
): number {
  if (written === undefined) return byDefault;
  const portion = parsePortion(written);
  if (portion === null) source.expect(path, "a share from 0 to 1, or from 0% to 100%", written);
  return portion ?? byDefault;
}
