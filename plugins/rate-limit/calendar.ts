export type Period = "day" | "month";

const minute = 60_000;
const day = 24 * 60 * minute;

export interface Span {
  /** `2026-11-21` or `2026-11`. */
  readonly name: string;
  /** Ms since 1970. */
  readonly begin: number;
  readonly end: number;
}

/**
 * The day or month of the calendar that a time is in.
 *
 * @param now in ms since 1970
 * @param utcOffset in minutes: 60 for UTC+1, where days begin an hour earlier
 * @example
 * spanAt("month", Date.UTC(2026, 1, 10), 0).name; // "2026-02"
 */
export function spanAt(period: Period, now: number, utcOffset: number): Span {
  const shift = utcOffset * minute;
  const local = new Date(now + shift);
  if (period === "day") {
    const begin = Math.floor((now + shift) / day) * day;
    return { name: local.toISOString().slice(0, 10), begin: begin - shift, end: begin + day - shift };
  }
  const [year, month] = [local.getUTCFullYear(), local.getUTCMonth()];
  const begin = Date.UTC(year, month, 1) - shift;
  return { name: local.toISOString().slice(0, 7), begin, end: Date.UTC(year, month + 1, 1) - shift };
}
