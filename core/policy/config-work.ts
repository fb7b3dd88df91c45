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
/** A config that the operator wrote may be large: so much more of each for a part of it. */
const perWrittenPart = { filled: 25, plain: 100, validated: 50 };

/** Code units of a text that take as long to compare as one step. */
const textPerStep = 64;
/** Code units of a default that take as long to fill in, and to hand to the guest, as one part. */
const textPerFilled = 16;
/** What asking the guest about one text costs, in those steps. */
const perAsked = 20;
/** What the validator makes for a property, there or not, in its steps. */
const perProperty = 3;
/** An option that is no object, in steps of either kind. */
const perOption = { plain: 1 / 8, validated: 1 / 5 };
/** The validator lists all names of a value for some keywords: so many in one step. */
const namesListed = 2;
/** For each branch it keeps the names, or the items, that the branch knows: so many in one step. */
const namesKept = 30;
/** It looks for each property among those that are required: so many of them in one step. */
const requiredPerStep = 100;
/** For each branch of a choice, and each item that is there twice, it copies those before: so many in one step. */
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
/** Keywords that compare a value with options, or measure a text. */
const ofOptions = ["const", "enum"];
const ofLength = ["minLength", "maxLength"];
/** Keywords for which the validator lists the names of a value. */
const ofNames = ["minProperties", "maxProperties", "dependentRequired", "dependentSchemas"];
/** Keywords that take as long whatever the value is, but for the length of a list they may have. */
const short = [
  ...["type", "required", "minItems", "maxItems", "minContains", "maxContains"],
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
];
/** All that the validator may be asked: it compares nothing that is not counted here. */
export const countedKeywords: ReadonlySet<string> = new Set([
  ...[itself, ofItems, ofMembers, ofOptions, ofLength, ofNames, short].flat(),
  ...["pattern", "properties", "patternProperties", "propertyNames", "uniqueItems"],
]);

/** Of a list of options. */
interface Options {
  readonly count: number;
  /** Those that are objects or lists. */
  readonly whole: number;
  /** By length: how many texts there are of it, of those that take a step or longer. No other is looked into. */
  readonly texts: ReadonlyMap<number, number>;
}

export class ConfigWork {
  private readonly schema: object;
  private readonly patterns: ConfigPatterns;
  /** Parts of the operator's own config. */
  private readonly written: number;
  /** Schemas whose expressions of names are counted. */
  private compiled = new WeakSet<object>();
  /** Of lists of a schema, and of objects of the value: they are met again and again. */
  private readonly options = new WeakMap<object, Options>();
  private readonly sizes = new WeakMap<object, number>();
  private filled = 0;
  private plain = 0;
  private validated = 0;

  /** @throws Error for a schema that is too large whatever it is compared with */
  constructor(schema: object, written: unknown, patterns: ConfigPatterns) {
    if (partsOf(schema) > mostSchemaParts)
      throw new Error(`expected a config schema of at most ${mostSchemaParts} parts, found more`);
    this.schema = schema;
    this.patterns = patterns;
    this.written = partsOf(written);
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
    if (this.filled > mostFilled + perWrittenPart.filled * this.written)
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
    if (this.validated > mostValidated + perWrittenPart.validated * this.written) throw tooLarge();
  }

  private step(plain: number, validated = plain): void {
    this.plain += plain;
    this.validated += validated;
    if (this.plain > mostPlain + perWrittenPart.plain * this.written) throw tooLarge();
  }

  private walk(schema: unknown, value: unknown): void {
    this.step(1);
    if (Array.isArray(schema)) {
      this.step(0, schema.length ** 2 / copiesPerStep + (schema.length * this.sizeOf(value)) / namesKept);
      for (const part of schema) this.walk(part, value);
    } else if (isFields(schema)) {
      for (const [keyword, asked] of Object.entries(schema)) this.walkKeyword(keyword, asked, value, schema);
    }
  }

  private walkKeyword(keyword: string, asked: unknown, value: unknown, schema: Fields): void {
    this.step(1);
    if (itself.includes(keyword)) {
      this.step(0, this.sizeOf(value) / namesKept);
      this.walk(asked, value);
    } else if (keyword === "const") this.walkOptions(optionsOf([asked]), value);
    else if (keyword === "enum" && Array.isArray(asked)) this.walkOptions(this.optionsIn(asked), value);
    else if (ofLength.includes(keyword) && typeof value === "string") this.step(value.length / textPerStep);
    else if (keyword === "uniqueItems" && Array.isArray(value)) this.walkUnique(value);
    else if (keyword === "pattern" && typeof value === "string") this.step(asking(value), 1);
    else if (ofItems.includes(keyword) && Array.isArray(value)) this.walkItems(keyword, asked, value, schema);
    else if (isFields(value)) this.walkMembers(keyword, asked, value, schema);
    else if (Array.isArray(asked)) this.step(asked.length);
  }

  private walkOptions({ count, whole, texts }: Options, value: unknown): void {
    this.step(count * perOption.plain, count * perOption.validated);
    if (typeof value === "string") this.step(((texts.get(value.length) ?? 0) * value.length) / textPerStep);
    if (whole === 0 || typeof value !== "object") return;
    const weight = weightOf(value);
    this.step(weight, weight * whole);
  }

  private walkUnique(items: readonly unknown[]): void {
    const twice = items.length - new Set(items.filter((item) => typeof item !== "object")).size;
    const weight = weightOf(items);
    this.step(weight, weight + twice ** 2 / copiesPerStep);
  }

  private walkItems(keyword: string, asked: unknown, items: readonly unknown[], schema: Fields): void {
    if (Array.isArray(asked)) this.step(asked.length);
    // The validator counts what is contained anew for each of these.
    const times =
      keyword === "contains"
        ? ["contains", "minContains", "maxContains"].filter((key) => key in schema).length
        : 1;
    for (let time = 0; time < times; time++) for (const item of items) this.walk(asked, item);
  }

  private walkMembers(keyword: string, asked: unknown, value: Fields, schema: Fields): void {
    if (Array.isArray(asked)) this.step(asked.length);
    if (ofNames.includes(keyword)) this.step(0, this.sizeOf(value) / namesListed);
    if (keyword === "propertyNames") for (const name of Object.keys(value)) this.walk(asked, name);
    if (ofMembers.includes(keyword)) this.walkOthers(asked, Object.values(value), schema);
    if (!isFields(asked)) return;
    if (keyword === "patternProperties") this.walkPatterns(asked, value);
    if (keyword === "dependentSchemas") for (const part of Object.values(asked)) this.walk(part, value);
    if (keyword === "dependentRequired")
      for (const names of Object.values(asked)) this.step(Array.isArray(names) ? 1 + names.length : 1);
    if (keyword !== "properties") return;
    const required = Array.isArray(schema["required"]) ? schema["required"].length : 0;
    for (const [name, part] of Object.entries(asked)) {
      this.step(1, perProperty + required / requiredPerStep);
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
    this.step(this.sizeOf(value), 0);
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

  private optionsIn(asked: readonly unknown[]): Options {
    const options = this.options.get(asked) ?? optionsOf(asked);
    this.options.set(asked, options);
    return options;
  }

  /** How many names, or items, a value has. */
  private sizeOf(value: unknown): number {
    if (Array.isArray(value)) return value.length;
    if (!isFields(value)) return 0;
    const size = this.sizes.get(value) ?? Object.keys(value).length;
    this.sizes.set(value, size);
    return size;
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

function optionsOf(asked: readonly unknown[]): Options {
  const whole = asked.filter((option) => typeof option === "object" && option !== null).length;
  const texts = new Map<number, number>();
  for (const option of asked) {
    if (typeof option !== "string" || option.length < textPerStep) continue;
    texts.set(option.length, (texts.get(option.length) ?? 0) + 1);
  }
  return { count: asked.length, whole, texts };
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
