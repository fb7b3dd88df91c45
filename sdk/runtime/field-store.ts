import { type FieldName, separatorOf } from "./field-name.ts";

export type Field = readonly [name: string, value: string];

/** Where a `Headers` object keeps its fields. Values come normalised. */
export interface FieldStore {
  /** What iteration goes over, until something changes. It is the `Headers` object's own. */
  sorted: readonly Field[] | null;
  /** The values of all fields of this name, joined as `separatorOf` says; null when there is none. */
  get(name: FieldName): string | null;
  has(name: FieldName): boolean;
  set(name: FieldName, value: string): void;
  append(name: FieldName, value: string): void;
  delete(name: FieldName): void;
  /** Each field, in the order in which they stand, names in lower case. */
  entries(): Field[];
  /** The values of `set-cookie`, which cannot be joined (RFC 9110 section 5.3). */
  getSetCookie(): string[];
}

/** Fields as a list. */
export class ListStore implements FieldStore {
  sorted: readonly Field[] | null = null;
  private readonly names: string[] = [];
  private readonly values: string[] = [];

  get({ text }: FieldName): string | null {
    let joined: string | null = null;
    for (let i = this.names.indexOf(text); i >= 0; i = this.names.indexOf(text, i + 1)) {
      joined = joined === null ? this.values[i]! : joined + separatorOf(text) + this.values[i]!;
    }
    return joined;
  }

  has(name: FieldName): boolean {
    return this.names.includes(name.text);
  }

  set({ text }: FieldName, value: string): void {
    const first = this.names.indexOf(text);
    if (first < 0) {
      this.add(text, value);
      return;
    }
    this.values[first] = value;
    this.deleteFrom(text, first + 1);
  }

  append(name: FieldName, value: string): void {
    this.add(name.text, value);
  }

  /** @param name in lower case, and none that the program uses */
  add(name: string, value: string): void {
    this.names.push(name);
    this.values.push(value);
  }

  delete(name: FieldName): void {
    this.deleteFrom(name.text, 0);
  }

  entries(): Field[] {
    return this.names.map((name, i) => [name, this.values[i]!]);
  }

  getSetCookie(): string[] {
    return this.values.filter((_value, i) => this.names[i] === "set-cookie");
  }

  private deleteFrom(name: string, start: number): void {
    for (let i = this.names.indexOf(name, start); i >= 0; i = this.names.indexOf(name, i)) {
      this.names.splice(i, 1);
      this.values.splice(i, 1);
    }
  }
}
