import { type Token, type TokenType, tokenize } from "./tokens.ts";

export type Modifier = "" | "?" | "*" | "+";

/** A part of a pattern, URL Pattern Standard section 2.2. */
export interface Part {
  readonly type: "fixed-text" | "regexp" | "segment-wildcard" | "full-wildcard";
  /** The text, or the regular expression. */
  readonly value: string;
  readonly modifier: Modifier;
  readonly name: string;
  readonly prefix: string;
  readonly suffix: string;
}

/** What sets the segments of a component apart. */
export interface PatternOptions {
  readonly delimiter: string;
  /** A character that belongs to the group after it. */
  readonly prefix: string;
  readonly ignoreCase: boolean;
}

/** Brings fixed text into the form that URLs have it in. */
export type Encode = (text: string) => string;

export const fullWildcard = ".*";

/** @throws TypeError for what is no pattern, and what `encode` throws */
export function parseParts(pattern: string, options: PatternOptions, encode: Encode): Part[] {
  return new PartParser(pattern, options, encode).parse();
}

/** The regular expression of a segment, shortest first. */
export function segmentWildcard({ delimiter }: PatternOptions): string {
  return `[^${escapeRegexp(delimiter)}]+?`;
}

export function escapeRegexp(text: string): string {
  return text.replace(/[.+*?^${}()[\]|/\\]/g, "\\$&");
}

class PartParser {
  private readonly tokens: readonly Token[];
  private readonly encode: Encode;
  private readonly prefix: string;
  private readonly segment: string;
  private readonly parts: Part[] = [];
  private index = 0;
  private pendingText = "";
  private nextNumber = 0;

  constructor(pattern: string, options: PatternOptions, encode: Encode) {
    this.tokens = tokenize(pattern, "strict");
    this.encode = encode;
    this.prefix = options.prefix;
    this.segment = segmentWildcard(options);
  }

  parse(): Part[] {
    while (this.index < this.tokens.length) this.parseNext();
    return this.parts;
  }

  private parseNext(): void {
    const char = this.take("char");
    const name = this.take("name");
    const matcher = this.takeMatcher(name);
    if (name !== null || matcher !== null) {
      this.addMatcher(char?.value ?? "", name, matcher);
      return;
    }
    const text = char ?? this.take("escaped-char");
    if (text !== null) this.pendingText += text.value;
    else if (this.take("open") !== null) this.parseGroup();
    else {
      this.flushText();
      this.need("end");
    }
  }

  /** The character before a group goes into it if it is the one that segments begin with. */
  private addMatcher(before: string, name: Token | null, matcher: Token | null): void {
    const isPrefix = before === this.prefix;
    if (!isPrefix) this.pendingText += before;
    this.flushText();
    this.addPart(isPrefix ? before : "", name, matcher, "", this.takeModifier());
  }

  private parseGroup(): void {
    const prefix = this.takeText();
    const name = this.take("name");
    const matcher = this.takeMatcher(name);
    const suffix = this.takeText();
    this.need("close");
    this.addPart(prefix, name, matcher, suffix, this.takeModifier());
  }

  private addPart(
    prefix: string,
    nameToken: Token | null,
    matcher: Token | null,
    suffix: string,
    modifier: Modifier,
  ): void {
    if (nameToken === null && matcher === null && modifier === "") {
      this.pendingText += prefix;
      return;
    }
    this.flushText();
    if (nameToken === null && matcher === null) {
      if (prefix !== "") this.addText(prefix, modifier);
      return;
    }
    const name = nameToken?.value ?? `${this.nextNumber++}`;
    if (this.parts.some((part) => part.name === name))
      throw new TypeError(`Pattern has the name ${name} twice`);
    this.parts.push({
      ...this.matching(matcher),
      modifier,
      name,
      prefix: this.encode(prefix),
      suffix: this.encode(suffix),
    });
  }

  private matching(matcher: Token | null): Pick<Part, "type" | "value"> {
    if (matcher === null) return { type: "segment-wildcard", value: "" };
    const value = matcher.type === "asterisk" ? fullWildcard : matcher.value;
    if (value === this.segment) return { type: "segment-wildcard", value: "" };
    return value === fullWildcard ? { type: "full-wildcard", value: "" } : { type: "regexp", value };
  }

  private flushText(): void {
    if (this.pendingText !== "") this.addText(this.pendingText, "");
    this.pendingText = "";
  }

  private addText(text: string, modifier: Modifier): void {
    const value = this.encode(text);
    this.parts.push({ type: "fixed-text", value, modifier, name: "", prefix: "", suffix: "" });
  }

  private takeMatcher(name: Token | null): Token | null {
    return this.take("regexp") ?? (name === null ? this.take("asterisk") : null);
  }

  private takeModifier(): Modifier {
    return ((this.take("other-modifier") ?? this.take("asterisk"))?.value ?? "") as Modifier;
  }

  private takeText(): string {
    let text = "";
    for (;;) {
      const token = this.take("char") ?? this.take("escaped-char");
      if (token === null) return text;
      text += token.value;
    }
  }

  private take(type: TokenType): Token | null {
    const token = this.tokens[this.index];
    if (token?.type !== type) return null;
    this.index++;
    return token;
  }

  private need(type: TokenType): void {
    if (this.take(type) !== null) return;
    const found = this.tokens[this.index]!;
    throw new TypeError(`Invalid pattern: ${type} is missing at ${found.index}, before ${found.type}`);
  }
}
