import { type Part, parsePattern } from "../../shared/cel/pattern-parser.ts";
import type { JsonObject } from "../../shared/json/json.ts";
import { boundedPattern } from "../../shared/pattern/bounded-pattern.ts";
import type { Random } from "./random.ts";

/** Longest text that is made. */
const mostCharacters = 10_000;
/** Of searching for a pattern in all that is tried: some tenths of a second. */
const mostSteps = 5_000_000;
const words =
  "amber birch cedar delta ember fjord grove haven inlet jade knoll larch mesa north oak pine".split(" ");

/** @throws Error for a text that cannot be made */
export function textOf(schema: JsonObject, random: Random): string {
  const least = Number(schema["minLength"] ?? 0);
  const most = Math.min(Number(schema["maxLength"] ?? mostCharacters), mostCharacters);
  if (least > most) throw new Error(`no text has at least ${least} and at most ${most} characters`);
  const { pattern, format } = schema;
  if (typeof pattern === "string") return patternText(pattern, least, most, random);
  const formatted = formats[String(format)]?.(random);
  if (formatted !== undefined && formatted.length >= least && formatted.length <= most) return formatted;
  let text = random.pick(words);
  while (text.length < least) text += ` ${random.pick(words)}`;
  return text.slice(0, most);
}

const hexadecimal = (random: Random, digits: number): string =>
  Array.from({ length: digits }, () => random.integer(0, 15).toString(16)).join("");

/** A day of the first years of this century, so that it is no time to come. */
const moment = (random: Random): string =>
  new Date(random.integer(946_684_800, 1_600_000_000) * 1000).toISOString();

const formats: Readonly<Record<string, (random: Random) => string>> = {
  "date-time": moment,
  date: (random) => moment(random).slice(0, 10),
  time: (random) => moment(random).slice(11),
  duration: (random) => `PT${random.integer(1, 59)}M`,
  uuid: (random) =>
    `${hexadecimal(random, 8)}-${hexadecimal(random, 4)}-4${hexadecimal(random, 3)}-a${hexadecimal(random, 3)}-${hexadecimal(random, 12)}`,
  email: (random) => `${random.pick(words)}@example.com`,
  hostname: (random) => `${random.pick(words)}.example.com`,
  ipv4: (random) => `192.0.2.${random.integer(1, 254)}`,
  ipv6: (random) => `2001:db8::${random.integer(1, 0xffff).toString(16)}`,
  uri: (random) => `https://example.com/${random.pick(words)}`,
  "uri-reference": (random) => `/${random.pick(words)}`,
  byte: (random) => btoa(random.pick(words)),
};

/** A few tries: how long it becomes, and what stands beside a word, is found out afterwards. */
function patternText(pattern: string, least: number, most: number, random: Random): string {
  const part = parsePattern(pattern);
  const search = boundedPattern(pattern);
  let steps = 0;
  const spend = (more: number): void => {
    steps += more;
    if (steps > mostSteps) throw new Error(`the pattern ${pattern} takes too long`);
  };
  const fits = (text: string): boolean => search.test(text, spend) === true;
  for (let attempt = 0; attempt < 50; attempt++) {
    let text = made(part, random, attempt);
    while (text.length < least && fits(`${text}a`)) text += "a";
    if (text.length >= least && text.length <= most && fits(text)) return text;
  }
  throw new Error(`no text of ${least} to ${most} characters was found for the pattern ${pattern}`);
}

/** @param growth how many more than the least number of times a part comes, at most */
function made(part: Part, random: Random, growth: number): string {
  switch (part.kind) {
    case "ranges":
      return part.negated ? otherThan(part.ranges, random) : within(part.ranges, random);
    case "place":
      return "";
    case "sequence":
      return part.parts.map((each) => made(each, random, growth)).join("");
    case "choice":
      return made(random.pick(part.parts), random, growth);
    case "group":
      return made(part.part, random, growth);
    default: {
      let text = "";
      const times = random.integer(part.least, Math.min(part.most, part.least + growth));
      for (let turn = 0; turn < times && text.length <= mostCharacters; turn++)
        text += made(part.part, random, growth);
      return text;
    }
  }
}

type Ranges = readonly (readonly [from: number, to: number])[];

function within(ranges: Ranges, random: Random): string {
  if (ranges.length === 0) return "";
  const [from, to] = random.pick(ranges);
  return String.fromCodePoint(random.integer(from, Math.min(to, from + 100)));
}

function otherThan(ranges: Ranges, random: Random): string {
  const isFree = (code: number): boolean => ranges.every(([from, to]) => code < from || code > to);
  const free = Array.from({ length: 94 }, (_, index) => index + 33).filter(isFree);
  return free.length === 0 ? "" : String.fromCodePoint(random.pick(free));
}
