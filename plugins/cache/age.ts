import { withoutBlanks } from "../shared/blanks.ts";
import { parseSeconds } from "./directives/directives.ts";
import type { FieldReader } from "./fields.ts";
import { parseHttpDate } from "./http-date.ts";

/** When the request went out and when the head of its response was there, in ms since the epoch. */
export interface ExchangeTimes {
  readonly requested: number;
  readonly responded: number;
}

/**
 * Milliseconds of age that a response had when it arrived: corrected_initial_age of RFC 9111 section 4.2.3.
 *
 * @example
 * initialAge(readerOf([["age", "30"]]), { requested: 0, responded: 500 }); // 30500
 */
export function initialAge(fields: FieldReader, { requested, responded }: ExchangeTimes): number {
  const date = parseHttpDate(fields.get("date"), responded) ?? responded;
  const apparentAge = Math.max(0, responded - date);
  const responseDelay = Math.max(0, responded - requested);
  return Math.max(apparentAge, ageValue(fields.get("age")) + responseDelay);
}

/** Section 5.1: of several members the first counts, and what is no number is ignored. */
function ageValue(age: string | null): number {
  if (age === null) return 0;
  const comma = age.indexOf(",");
  return (parseSeconds(withoutBlanks(comma < 0 ? age : age.slice(0, comma))) ?? 0) * 1000;
}
