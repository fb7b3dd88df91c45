/** What a request is answered with. */
export interface Answer {
  /** Of the response or of the example, for the field that marks it. */
  readonly name: string;
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Null: none. */
  readonly body: Body | null;
  /** ms; null: that of all. */
  readonly delay: number | null;
}

/** Makes a body; where it is made of a schema, the same for the same seed. */
export type Body = (seed: string) => string;

/** What is looked at of a request. */
export interface Asked {
  readonly method: string;
  /** Canonical and still escaped. */
  readonly path: string;
  /** Empty, or with its question mark. */
  readonly query: string;
  readonly headers: { get(name: string): string | null };
}
