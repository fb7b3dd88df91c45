/**
 * The regular expressions of a config schema. They are the plugin's, and a slow one must burn the plugin's time:
 * its guest matches them (sdk/runtime/config-patterns.ts), and the host compares the config with what it told.
 */

/** Each pattern with the texts that it is about. */
export type PatternsAsked = readonly (readonly [pattern: string, texts: readonly string[]])[];

/** Returns a text for each pattern: `1` or `0` for each of its texts. */
export type MatchPatterns = (asked: PatternsAsked) => Promise<unknown>;

/** Keywords whose schemas are about the value itself. */
const itself = ["allOf", "anyOf", "oneOf", "not", "if", "then", "else"];
/** About the items of a list. */
const ofItems = ["items", "prefixItems", "additionalItems", "contains", "unevaluatedItems"];
/** Objects with a schema for each name. What is looked through is what `ConfigWork` counts. */
const byName = ["dependentSchemas", "properties", "patternProperties"];

/** An expression that matches any text. */
const anything = "^";

export class ConfigPatterns {
  private readonly match: MatchPatterns;
  /** By pattern: each text and whether it matches; null: that is not known yet. */
  private readonly texts = new Map<string, Map<string, boolean | null>>();

  /** By pattern, as it is after what was learned last: a schema may have the same one at thousands of places. */
  private readonly plain = new Map<string, string>();
  /** By pattern: code units of its texts. */
  private readonly units = new Map<string, number>();

  constructor(match: MatchPatterns) {
    this.match = match;
  }

  /**
   * Learns of all patterns that are about parts of the value.
   *
   * @throws Error when the guest does not answer
   */
  async learn(schema: unknown, value: unknown): Promise<void> {
    this.plain.clear();
    this.collect(schema, value);
    const asked = [...this.texts]
      .map(
        ([pattern, texts]) =>
          [pattern, [...texts.keys()].filter((text) => texts.get(text) === null)] as const,
      )
      .filter(([, texts]) => texts.length > 0);
    if (asked.length === 0) return;
    const answers = await this.match(asked);
    for (const [index, [pattern, texts]] of asked.entries()) {
      const answer: unknown = Array.isArray(answers) ? answers[index] : null;
      if (typeof answer !== "string" || answer.length !== texts.length)
        throw new Error("expected the plugin to match its patterns, found no answer");
      for (const [place, text] of texts.entries()) this.texts.get(pattern)!.set(text, answer[place] === "1");
    }
  }

  matches(pattern: string, text: string): boolean {
    return this.texts.get(pattern)?.get(text) === true;
  }

  /** How many texts it was asked about, and how many code units they have. */
  askedOf(pattern: string): { readonly texts: number; readonly units: number } {
    return { texts: this.texts.get(pattern)?.size ?? 0, units: this.units.get(pattern) ?? 0 };
  }

  matchesAll(pattern: string): boolean {
    return this.plainly(pattern) === anything;
  }

  /** Matches what the pattern does of the texts it was asked about, in a time that the plugin has no say in. */
  plainly(pattern: string): string {
    const known = this.plain.get(pattern) ?? this.expressionOf(pattern);
    this.plain.set(pattern, known);
    return known;
  }

  private expressionOf(pattern: string): string {
    const texts = [...(this.texts.get(pattern) ?? [])];
    const literals = texts.filter(([, matches]) => matches).map(([text]) => asLiteral(text));
    if (literals.length === texts.length) return anything;
    // No text is both the beginning and behind its own end.
    return literals.length === 0 ? "$.^" : `^(?:${literals.join("|")})$`;
  }

  private collect(schema: unknown, value: unknown): void {
    if (Array.isArray(schema)) for (const part of schema) this.collect(part, value);
    else if (isFields(schema)) {
      for (const [keyword, asked] of Object.entries(schema))
        this.collectKeyword(keyword, asked, value, schema);
    }
  }

  private collectKeyword(keyword: string, asked: unknown, value: unknown, { properties }: Fields): void {
    if (itself.includes(keyword)) this.collect(asked, value);
    else if (keyword === "pattern" && typeof value === "string") this.add(asked, value);
    else if (ofItems.includes(keyword) && Array.isArray(value))
      for (const item of value) this.collect(asked, item);
    else if (isFields(value))
      this.collectOfFields(keyword, asked, value, isFields(properties) ? properties : {});
  }

  private collectOfFields(keyword: string, asked: unknown, value: Fields, properties: Fields): void {
    if (keyword === "propertyNames") for (const name of Object.keys(value)) this.collect(asked, name);
    if (keyword === "additionalProperties" || keyword === "unevaluatedProperties") {
      for (const [name, part] of Object.entries(value))
        if (!Object.hasOwn(properties, name)) this.collect(asked, part);
    }
    if (!isFields(asked) || !byName.includes(keyword)) return;
    for (const [name, part] of Object.entries(asked)) {
      if (keyword === "dependentSchemas") this.collect(part, value);
      if (keyword === "properties" && Object.hasOwn(value, name)) this.collect(part, value[name]);
      if (keyword !== "patternProperties") continue;
      for (const [member, found] of Object.entries(value)) {
        this.add(name, member);
        this.collect(part, found);
      }
    }
  }

  private add(pattern: unknown, text: string): void {
    if (typeof pattern !== "string") return;
    const known = this.texts.get(pattern) ?? new Map<string, boolean | null>();
    this.texts.set(pattern, known);
    if (known.has(text)) return;
    known.set(text, null);
    this.units.set(pattern, (this.units.get(pattern) ?? 0) + text.length);
  }
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asLiteral(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
