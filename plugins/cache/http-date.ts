const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const clock = "(\\d{2}):(\\d{2}):(\\d{2})";
const month = `(${months.join("|")})`;

/** `Sun, 06 Nov 1994 08:49:37 GMT`: the one form that may be sent. */
const fixdate = new RegExp(`^(?:sun|mon|tue|wed|thu|fri|sat), (\\d{2}) ${month} (\\d{4}) ${clock} gmt$`, "i");
/** `Sunday, 06-Nov-94 08:49:37 GMT` */
const rfc850 = new RegExp(
  `^(?:sun|mon|tues|wednes|thurs|fri|satur)day, (\\d{2})-${month}-(\\d{2}) ${clock} gmt$`,
  "i",
);
/** `Sun Nov  6 08:49:37 1994` */
const asctime = new RegExp(
  `^(?:sun|mon|tue|wed|thu|fri|sat) ${month} ((?:\\d| )\\d) ${clock} (\\d{4})$`,
  "i",
);

/**
 * Milliseconds since the epoch that an HTTP-date names (RFC 9110 section 5.6.7), in any of its three
 * forms, or null when it is none of them: freshness must not hang on a guess at what was meant.
 * `Date.parse` takes much more, and not the same on every engine.
 *
 * @param now ms since the epoch; a year of two digits is the last that is at most 50 years from then
 *
 * @example
 * parseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT", Date.now()); // 784111777000
 */
export function parseHttpDate(text: string | null, now: number): number | null {
  if (text === null) return null;
  let match = fixdate.exec(text);
  if (match) return instant(Number(match[3]), match[2]!, match[1]!, match.slice(4));
  match = rfc850.exec(text);
  if (match) return instant(fullYear(Number(match[3]), now), match[2]!, match[1]!, match.slice(4));
  match = asctime.exec(text);
  if (match) return instant(Number(match[6]), match[1]!, match[2]!, match.slice(3, 6));
  return null;
}

/** The form that is sent, of whole seconds. */
export function formatHttpDate(time: number): string {
  return new Date(time).toUTCString();
}

function fullYear(twoDigits: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + twoDigits;
  if (year > thisYear + 50) return year - 100;
  return year <= thisYear - 50 ? year + 100 : year;
}

function instant(year: number, monthName: string, dayText: string, time: readonly string[]): number | null {
  const [day, hour, minute, second] = [dayText, ...time].map(Number) as [number, number, number, number];
  const monthIndex = months.indexOf(monthName.toLowerCase());
  // 60 is a leap second, which no clock of ours has.
  if (hour > 23 || minute > 59 || second > 60) return null;
  const midnight = new Date(0);
  midnight.setUTCFullYear(year, monthIndex, day);
  if (midnight.getUTCDate() !== day || midnight.getUTCMonth() !== monthIndex) return null;
  return midnight.getTime() + ((hour * 60 + minute) * 60 + second) * 1000;
}
