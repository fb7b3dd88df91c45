import { PathTemplate } from "./path-template.ts";

interface Entry<T> {
  readonly path: PathTemplate;
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
    const path = new PathTemplate(template);
    const entries = this.templates.get(path.depth) ?? [];
    entries.push({ path, template, value });
    // Fixed text early in the path decides: `{` is behind all letters.
    entries.sort((a, b) =>
      a.template.replaceAll("{", "\uffff") < b.template.replaceAll("{", "\uffff") ? -1 : 1,
    );
    this.templates.set(path.depth, entries);
  }

  find(path: string): T | undefined {
    const fixed = this.fixed.get(path);
    if (fixed !== undefined) return fixed;
    const entries = this.templates.get(path.split("/").length - 1);
    return entries?.find((entry) => entry.path.values(path) !== null)?.value;
  }
}
