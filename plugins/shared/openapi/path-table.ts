interface Entry<T> {
  readonly test: RegExp;
  readonly template: string;
  readonly value: T;
}

/** Path templates (OpenAPI 3.1 section 4.8.8): one without parameters goes before those that have some. */
export class PathTable<T> {
  private readonly fixed = new Map<string, T>();
  private readonly templates = new Map<number, Entry<T>[]>();

  add(template: string, value: T): void {
    if (!template.includes("{")) {
      this.fixed.set(template, value);
      return;
    }
    const count = template.split("/").length;
    const entries = this.templates.get(count) ?? [];
    entries.push({ test: templateTest(template), template, value });
    // Fixed text early in the path decides: `{` is behind all letters.
    entries.sort((a, b) =>
      a.template.replaceAll("{", "\uffff") < b.template.replaceAll("{", "\uffff") ? -1 : 1,
    );
    this.templates.set(count, entries);
  }

  find(path: string): T | undefined {
    const fixed = this.fixed.get(path);
    if (fixed !== undefined) return fixed;
    return this.templates.get(path.split("/").length)?.find(({ test }) => test.test(path))?.value;
  }
}

/**
 * A pattern for the paths of a template, with a group for each parameter.
 *
 * @example
 * templateTest("/pets/{id}").exec("/pets/7")[1]; // "7"
 */
export function templateTest(template: string): RegExp {
  const parts = template.split(/\{[^}]*\}/).map((part) => part.replaceAll(/[.*+?^$()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join("([^/]+)")}$`);
}
