import type { StreamPart } from "./part.ts";

export interface TextConfig {
  readonly find: string;
  readonly put: string;
}

/** Fixed texts and what stands in their place, ready to be looked for. */
export interface Texts {
  readonly pattern: RegExp;
  readonly put: ReadonlyMap<string, string>;
  readonly longest: number;
}

/** @throws Error for a text that is looked for twice */
export function textsOf(config: readonly TextConfig[]): Texts | null {
  if (config.length === 0) return null;
  const put = new Map(config.map(({ find, put }) => [find, put]));
  if (put.size < config.length) throw new Error("Cannot use texts: one of them is there twice");
  // Of two that begin alike the longer one is tried first.
  const texts = [...put.keys()].sort((one, other) => other.length - one.length);
  const pattern = new RegExp(
    texts.map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|"),
    "g",
  );
  return { pattern, put, longest: texts[0]!.length };
}

/**
 * Puts texts in the place of others, also where a text arrives in parts: what may be the beginning of one is held back.
 *
 * @example
 * const editor = new TextEditor(textsOf([{ find: "secret", put: "***" }])!);
 * editor.push("a sec", false) + editor.push("ret b", true); // "a *** b"
 */
export class TextEditor implements StreamPart {
  private readonly texts: Texts;
  private held = "";

  constructor(texts: Texts) {
    this.texts = texts;
  }

  push(text: string, isLast: boolean): string {
    const { pattern, put } = this.texts;
    const whole = this.held + text;
    let made = "";
    let at = 0;
    for (;;) {
      const open = isLast ? -1 : this.opening(whole, at);
      pattern.lastIndex = at;
      const found = pattern.exec(whole);
      if (found === null || (open >= 0 && found.index >= open)) {
        const end = open < 0 ? whole.length : open;
        this.held = whole.slice(end);
        return made + whole.slice(at, end);
      }
      made += whole.slice(at, found.index) + put.get(found[0])!;
      at = found.index + found[0].length;
    }
  }

  /** Where a text may begin whose end has not arrived; -1: nowhere. */
  private opening(whole: string, from: number): number {
    const { put, longest } = this.texts;
    for (let at = Math.max(from, whole.length - longest + 1); at < whole.length; at++) {
      const rest = whole.length - at;
      for (const text of put.keys()) if (text.length > rest && whole.endsWith(text.slice(0, rest))) return at;
    }
    return -1;
  }
}
