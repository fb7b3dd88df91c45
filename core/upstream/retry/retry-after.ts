const second = 1000;

const day = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const longDay = "(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)";
const month = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
const time = "[0-9]{2}:[0-9]{2}:[0-9]{2}";

/** The three forms of RFC 9110 section 5.6.7; `Date.parse` alone reads much more than them. */
const fixDate = new RegExp(`^${day}, [0-9]{2} ${month} [0-9]{4} ${time} GMT$`);
const rfc850Date = new RegExp(`^${longDay}, [0-9]{2}-${month}-[0-9]{2} ${time} GMT$`);
const asctimeDate = new RegExp(`^${day} ${month} [0-9 ][0-9] ${time} [0-9]{4}$`);

/**
 * The pause that a Retry-After field asks for, in ms: a number of seconds, or a date (RFC 9110 section 10.2.3).
 * Null when it is neither.
 *
 * @param now ms since 1970
 *
 * @example
 * parseRetryAfter("2", Date.now()); // 2000
 */
export function parseRetryAfter(text: string, now: number): number | null {
  if (/^[0-9]{1,10}$/.test(text)) return Number(text) * second;
  const date = parseDate(text);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

function parseDate(text: string): number {
  if (fixDate.test(text) || rfc850Date.test(text)) return Date.parse(text);
  return asctimeDate.test(text) ? Date.parse(`${text} GMT`) : Number.NaN;
}
