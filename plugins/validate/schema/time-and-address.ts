/** RFC 3339 times, ISO 8601 durations as its appendix A has them, and addresses. */

const days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** RFC 3339 section 5.6, `full-date`. */
export function isDate(value: string): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(value);
  if (!match) return false;
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const last = month === 2 && isLeap ? 29 : (days[month - 1] ?? 0);
  return day >= 1 && day <= last;
}

/** RFC 3339 section 5.6, `full-time`. A leap second is at the end of a day of UTC. */
export function isTime(value: string): boolean {
  const match = /^(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))$/.exec(value);
  if (!match) return false;
  const [, hour, minute, second, sign, aheadHour = 0, aheadMinute = 0] = match;
  if (+hour! > 23 || +minute! > 59 || +second! > 60 || +aheadHour > 23 || +aheadMinute > 59) return false;
  if (+second! < 60) return true;
  const ahead = (+aheadHour * 60 + +aheadMinute) * (sign === "-" ? -1 : 1);
  return (+hour! * 60 + +minute! - ahead + 2880) % 1440 === 1439;
}

export function isDateTime(value: string): boolean {
  return /^.{10}[Tt]/.test(value) && isDate(value.slice(0, 10)) && isTime(value.slice(11));
}

/** RFC 3339 appendix A. */
export function isDuration(value: string): boolean {
  const time = "T(?:\\d+H(?:\\d+M(?:\\d+S)?)?|\\d+M(?:\\d+S)?|\\d+S)";
  const date = "(?:\\d+Y(?:\\d+M(?:\\d+D)?)?|\\d+M(?:\\d+D)?|\\d+D)";
  return new RegExp(`^P(?:${date}(?:${time})?|${time}|\\d+W)$`).test(value);
}

/** RFC 2673 section 3.2. */
export function isAddress4(value: string): boolean {
  return /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(value);
}

/** RFC 4291 section 2.2. */
export function isAddress6(value: string): boolean {
  const halves = value.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  let count = groups.length;
  const last = groups.at(-1);
  if (last?.includes(".") && value.endsWith(last)) {
    if (!isAddress4(last)) return false;
    groups.pop();
    count++;
  }
  if (!groups.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false;
  return halves.length === 2 ? count <= 7 : count === 8;
}
