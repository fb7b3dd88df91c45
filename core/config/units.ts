const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

const sizeUnits: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

export const durationPattern = "^[0-9]+(\\.[0-9]+)?(ms|s|m|h)$";
export const sizePattern = "^[0-9]+(\\.[0-9]+)?(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$";

/**
 * Milliseconds of a duration: `"250ms"`, `"10s"`, `"5m"`, `"1h"`, or a number of ms as it is.
 * Null when the text is no duration or not a whole number of ms.
 *
 * @example
 * parseDuration("1.5s"); // 1500
 */
export function parseDuration(value: string | number): number | null {
  return typeof value === "number" ? wholeNumber(value) : quantity(value, durationPattern, durationUnits);
}

/**
 * Bytes of a size: `"64KiB"` and `"1MiB"` count in 1024, `"10MB"` in 1000; a number is bytes as it is.
 * Null when the text is no size or not a whole number of bytes.
 *
 * @example
 * parseSize("64KiB"); // 65536
 */
export function parseSize(value: string | number): number | null {
  return typeof value === "number" ? wholeNumber(value) : quantity(value, sizePattern, sizeUnits);
}

/** The shortest exact text of a duration in ms. */
export function formatDuration(ms: number): string {
  return inLargestUnit(ms, durationUnits, ["h", "m", "s", "ms"]);
}

/** The shortest exact text of a size in bytes, in binary units. */
export function formatSize(bytes: number): string {
  return inLargestUnit(bytes, sizeUnits, ["TiB", "GiB", "MiB", "KiB", "B"]);
}

function quantity(text: string, pattern: string, units: Readonly<Record<string, number>>): number | null {
  if (!new RegExp(pattern).test(text)) return null;
  const unit = text.replace(/^[0-9.]+/, "");
  return wholeNumber(Number.parseFloat(text) * units[unit]!);
}

function wholeNumber(value: number): number | null {
  return Number.isSafeInteger(value) && value >= 0 ? value : null;
}

function inLargestUnit(
  value: number,
  units: Readonly<Record<string, number>>,
  order: readonly string[],
): string {
  const smallest = order[order.length - 1]!;
  const unit = value === 0 ? smallest : (order.find((name) => value % units[name]! === 0) ?? smallest);
  return `${value / units[unit]!}${unit}`;
}
