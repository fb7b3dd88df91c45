/** Where a `Headers` object keeps its fields. Names come in lower case and checked, values normalised. */
export interface FieldStore {
  /** The values of all fields of this name, joined with `, `; null when there is none. */
  get(name: string): string | null;
  has(name: string): boolean;
  set(name: string, value: string): void;
  append(name: string, value: string): void;
  delete(name: string): void;
  /** Each field, in the order in which they stand, names in lower case. */
  entries(): (readonly [name: string, value: string])[];
  /** The values of `set-cookie`, which cannot be joined (RFC 9110 section 5.3). */
  getSetCookie(): string[];
}

/** Fields as a list. */
export class ListStore implements FieldStore {
  private readonly names: string[] = [];
  private readonly values: string[] = [];

  get(name: string): string | null {
    let joined: string | null = null;
    for (let i = this.names.indexOf(name); i >= 0; i = this.names.indexOf(name, i + 1)) {
      joined = joined === null ? this.values[i]! : `${joined}, ${this.values[i]!}`;
    }
    return joined;
  }

  has(name: string): boolean {
    return this.names.includes(name);
  }

  set(name: string, value: string): void {
    const first = this.names.indexOf(name);
    if (first < 0) {
      this.append(name, value);
      return;
    }
    this.values[first] = value;
    this.deleteFrom(name, first + 1);
  }

  append(name: string, value: string): void {
    this.names.push(name);
    this.values.push(value);
  }

  delete(name: string): void {
    this.deleteFrom(name, 0);
  }

  entries(): (readonly [string, string])[] {
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
