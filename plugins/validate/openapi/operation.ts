import type { BodyRule } from "../body.ts";
import type { Violation } from "../schema/run.ts";

export interface ParameterSource {
  readonly url: string;
  readonly headers: { get(name: string): string | null };
}

export type ParameterCheck = (request: ParameterSource) => readonly Violation[];

/** A method of a path. */
export interface Operation {
  /** JSON pointer in the document, as a fragment. */
  readonly at: string;
  readonly parameters: readonly ParameterCheck[];
  /** Null: nothing is said of a body. */
  readonly body: BodyRule | null;
  /** By status, `2XX` or `default`. */
  readonly responses: ReadonlyMap<string, ResponseRule>;
}

export interface ResponseRule {
  readonly body: BodyRule | null;
  readonly headers: readonly ParameterCheck[];
}

/** OpenAPI 3.1 section 4.8.16: a status goes before its range, and both before the default. */
export function responseFor({ responses }: Operation, status: number) {
  const range = `${String(status)[0]}XX`;
  return responses.get(String(status)) ?? responses.get(range) ?? responses.get("default");
}
