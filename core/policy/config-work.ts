/**
 * How much the schema of a plugin has the host do. The plugin wrote it, and everybody else waits meanwhile: work is
 * counted before it is done, and what would take longer than others may wait is refused.
 */
import type { ConfigPatterns } from "./config-patterns.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Objects, lists and values of a schema. */
const mostSchemaParts = 20_000;
/** Parts that are looked at or made to fill in defaults, of 1 µs. */
const mostFilled = 40_000;
/** Steps of a comparison without the validator, of 100 ns. */
const mostPlain = 300_000;
/** Steps of the validator, of 1 µs. */
const mostValidated = 40_000;
/** A config that the operator wrote may be large: so much more for each part of it. */
const perWrittenPart = 25;

/** Code units of a text that take as long to compare as one step. */
const textPerStep = 64;
/** Code units of a default that take as long to fill in, and to hand to the guest, as one part. */
const textPerFilled = 16;
/** What asking the guest about one text costs, in those steps. */
const perAsked = 20;
/** What the validator makes for a property, there or not, in its steps. */
const perProperty = 3;
/** For each branch of a choice the validator copies what it knows of those before: so many in one step. */
const copiesPerStep = 500;
/** Names of an object are matched by one expression. Its code units, with those around each name: so many in one step… */
const aroundName = 8;
/** …to write it, for each object, */
const unitsWritten = 30;
/** to match one name, and */
const unitsMatched = 700;
/** to compile it once: of properties, and of the texts that a pattern matches. */
const unitsCompiled = { properties: 0.5, patterns: 4 };

/** Keywords whose schemas are about the value itself. */
const itself = ["allOf", "anyOf", "oneOf", "not", "if", "then", "else"];
const ofItems = ["items", "prefixItems", "additionalItems", "contains", "unevaluatedItems"];
const ofMembers = ["additionalProperties", "unevaluatedProperties"];
/** What compares a text, or a part, as a whole. */
const wholes = ["const", "enum", "minLength", "maxLength", "uniqueItems"];

export class ConfigWork {
  private readonly schema: object;
  private readonly patterns: ConfigPatterns;
  /** What the operator's own config is worth. */
  private readonly more: number;
  /** Schemas whose expressions of names are counted. */
  private compiled = new WeakSet<object>();
  private filled = 0;
  private plain = 0;
  private validated = 0;

  /** @throws Error for a schema that is too large whatever it is compared with */
  constructor(schema: object, written: unknown, patterns: ConfigPatterns) {
    if (partsOf(schema) > mostSchemaParts)
      throw new Error(`expected a config schema of at most ${mostSchemaParts} parts, found more`);
    this.schema = schema;
    this.patterns = patterns;
    this.more = perWrittenPart * partsOf(written);
  }

  /** The value is about to be filled in; see `fill`. */
  fillIn(value: unknown): void {
    this.fill(weightOf(value, textPerFilled));
  }

  /**
   * To be called before so many parts are looked at to fill in defaults.
   *
   * @throws Error when they are too many together with those before
   */
  fill(parts: number): void {
    this.filled += parts;
    if (this.filled > mostFilled + this.more)
      throw new Error(
        "expected a config schema with fewer or smaller defaults, and fewer patterns of names: those of items multiply",
      );
  }

  /** @throws Error when it would take long to compare the value with the schema */
  compare(value: unknown): void {
    this.compiled = new WeakSet();
    this.plain = 0;
    this.validated = 0;
    this.walk(this.schema, value);
  }

  /**
   * About the value that was compared last, once all of its patterns are known.
   *
   * @throws Error when the validator would take long for it
   */
  validate(value: unknown): void {
    this.compare(value);
    if (this.validated > mostValidated + this.more) throw tooLarge();
  }

  private step(plain: number, validated = plain): void {
    this.plain += plain;
    this.validated += validated;
    if (this.plain > mostPlain + this.more) throw tooLarge();
  }

  private walk(schema: unknown, value: unknown): void {
    this.step(1);
    if (Array.isArray(schema)) {
      this.step(0, schema.length ** 2 / copiesPerStep);
      for (const part of schema) this.walk(part, value);
    } else if (isFields(schema)) {
      for (const [keyword, asked] of Object.entries(schema)) this.walkKeyword(keyword, asked, value, schema);
    }
  }

  private walkKeyword(keyword: string, asked: unknown, value: unknown, schema: Fields): void {
    this.step(1);
    if (itself.includes(keyword)) this.walk(asked, value);
    else if (wholes.includes(keyword)) this.step(weightOf(asked) + weightOf(value));
    else if (keyword === "pattern" && typeof value === "string") this.step(asking(value), 1);
    else if (ofItems.includes(keyword) && Array.isArray(value)) this.walkItems(keyword, asked, value, schema);
    else if (isFields(value)) this.walkMembers(keyword, asked, value, schema);
    else if (Array.isArray(asked)) this.step(asked.length);
  }

  private walkItems(keyword: string, asked: unknown, items: readonly unknown[], schema: Fields): void {
    // The validator counts what is contained anew for each of these.
    const times =
      keyword === "contains"
        ? ["contains", "minContains", "maxContains"].filter((key) => key in schema).length
        : 1;
    for (let time = 0; time < times; time++) for (const item of items) this.walk(asked, item);
  }

  private walkMembers(keyword: string, asked: unknown, value: Fields, schema: Fields): void {
    if (Array.isArray(asked)) this.step(asked.length);
    if (keyword === "propertyNames") for (const name of Object.keys(value)) this.walk(asked, name);
    if (ofMembers.includes(keyword)) this.walkOthers(asked, Object.values(value), schema);
    if (!isFields(asked)) return;
    if (keyword === "patternProperties") this.walkPatterns(asked, value);
    if (keyword === "dependentSchemas") for (const part of Object.values(asked)) this.walk(part, value);
    if (keyword !== "properties") return;
    for (const [name, part] of Object.entries(asked)) {
      this.step(1, perProperty);
      if (Object.hasOwn(value, name)) this.walk(part, value[name]);
    }
  }

  private walkOthers(asked: unknown, members: readonly unknown[], schema: Fields): void {
    const names = namesOf(schema["properties"]);
    const patterns = namesOf(schema["patternProperties"]);
    this.step(names.length + patterns.length, 0);
    const units = names.reduce((sum, name) => sum + name.length + aroundName, 0);
    const others = patterns.reduce((sum, pattern) => sum + this.unitsOf(pattern), 0);
    if (!this.compiled.has(schema))
      this.step(0, units / unitsCompiled.properties + others / unitsCompiled.patterns);
    this.compiled.add(schema);
    this.match(units + others, members.length);
    for (const part of members) this.walk(asked, part);
  }

  private walkPatterns(asked: Fields, value: Fields): void {
    const members = Object.entries(value);
    for (const [pattern, schema] of Object.entries(asked)) {
      const units = this.unitsOf(pattern);
      if (!this.compiled.has(asked)) this.step(0, units / unitsCompiled.patterns);
      this.step(1);
      this.match(units, members.length);
      for (const [name, part] of members) {
        this.step(asking(name), 1);
        this.walk(schema, part);
      }
    }
    this.compiled.add(asked);
  }

  /** Names, with an expression of so many code units. */
  private match(units: number, names: number): void {
    this.step(0, units / unitsWritten + (names * units) / unitsMatched);
  }

  private unitsOf(pattern: string): number {
    if (this.patterns.matchesAll(pattern)) return 0;
    const { texts, units } = this.patterns.askedOf(pattern);
    return units + texts * aroundName;
  }
}

function tooLarge(): Error {
  return new Error("expected a schema and a config that are smaller, to compare them in a short time");
}

function asking(text: string): number {
  return perAsked + text.length / textPerStep;
}

/** Objects, lists and values in a value. */
function partsOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce((sum: number, part) => sum + partsOf(part), 1);
}

/** Its parts, and its texts as parts. */
function weightOf(value: unknown, textPerPart = textPerStep): number {
  if (typeof value === "string") return 1 + value.length / textPerPart;
  if (typeof value !== "object" || value === null) return 1;
  return Object.entries(value).reduce(
    (sum, [name, part]) => sum + name.length / textPerPart + weightOf(part, textPerPart),
    1,
  );
}

function namesOf(value: unknown): string[] {
  return isFields(value) ? Object.keys(value) : [];
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
