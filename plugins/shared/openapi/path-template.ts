import { textsBetween } from "../wildcards.ts";

/**
 * A path with parameters (OpenAPI 3.1 section 4.8.8.2): `/flights/{from}-{to}/seats`. A parameter is one character or more, and none of
 * them a slash. It is matched from its end, without going back: a client chooses the path.
 */
export class PathTemplate {
  /** Of the parameters, in their order. */
  readonly names: readonly string[];
  /** For each segment the texts around its parameters: one more than it has of them. */
  private readonly segments: readonly (readonly string[])[];

  constructor(template: string) {
    this.names = [...template.matchAll(/\{([^}]*)\}/g)].map(([, name]) => name!);
    this.segments = segmentsOf(template.split(/\{[^}]*\}/));
  }

  /** Slashes in the template. */
  get depth(): number {
    return this.segments.length - 1;
  }

  /**
   * What the parameters are in a path; null: it is none of this template.
   *
   * @example
   * new PathTemplate("/pets/{id}").values("/pets/7"); // ["7"]
   */
  values(path: string): string[] | null {
    const texts = path.split("/");
    return texts.length === this.segments.length ? this.matched(texts) : null;
  }

  /** As `values`, of a path that has something before what the template is for. */
  valuesAtEnd(path: string): string[] | null {
    const texts = path.split("/");
    const before = texts.length - this.segments.length;
    if (before < 0) return null;
    // The first segment of a template that begins with a slash is empty: there is what stands before it.
    return this.matched(["", ...texts.slice(before + 1)]);
  }

  private matched(texts: readonly string[]): string[] | null {
    const values: string[] = [];
    for (const [index, around] of this.segments.entries()) {
      const found = textsBetween(around, texts[index]!);
      if (found === null) return null;
      values.push(...found);
    }
    return values;
  }
}

/** @param pieces of the template, between its parameters */
function segmentsOf(pieces: readonly string[]): string[][] {
  const segments: string[][] = [[]];
  for (const piece of pieces) {
    const [first, ...others] = piece.split("/");
    segments.at(-1)!.push(first!);
    for (const other of others) segments.push([other]);
  }
  return segments;
}
