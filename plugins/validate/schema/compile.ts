import { isObject, type Json, type JsonObject } from "../../shared/json/json.ts";
import { applicators, assertions, formatRule, type KeywordRule, leftovers } from "./keywords.ts";
import type { Place } from "./place.ts";
import type { Node, Registry } from "./registry.ts";
import type { Check, Run } from "./run.ts";
import { SchemaError } from "./schema-error.ts";
import { Seen } from "./seen.ts";

/** More than so many schemas that apply to one and the same value are a bomb: 30 doublings make a billion. */
const maxPerValue = 20_000;

/** Own text of the latest draft, and the dialect of OpenAPI 3.1, which adds remarks alone. */
const knownDialects = new Set([
  "https://json-schema.org/draft/2020-12/schema",
  "https://spec.openapis.org/oas/3.1/dialect/base",
]);

const vocabulary = "https://json-schema.org/draft/2020-12/vocab/";

interface Compiled {
  check: Check;
  /** Schemas that apply to the same value. */
  readonly same: Compiled[];
  readonly pointer: string;
}

/** Turns schemas into functions. Everything is looked up now; a check follows calls alone. */
export class Compiler {
  private readonly compiled = new Map<unknown, Compiled>();
  private readonly waiting: (() => void)[] = [];
  private readonly registry: Registry;
  private readonly formats: boolean;

  /** @param formats whether `format` is a rule and not a remark */
  constructor(registry: Registry, formats: boolean) {
    this.registry = registry;
    this.formats = formats;
  }

  /**
   * @throws SchemaError for a keyword that has a wrong value, a reference to nothing, and a schema that would go on
   *   without end or for too long
   * @example
   * const registry = new Registry();
   * const check = new Compiler(registry, true).check(registry.add({ type: "string" }, ownUri));
   * check("a", new Run(limits), null); // true
   */
  check(node: Node): Check {
    const compiled = this.compile(node);
    for (let next = this.waiting.pop(); next; next = this.waiting.pop()) next();
    refuseBomb(compiled);
    return (value, run, seen) => {
      run.scope.push(node.base);
      const fits = compiled.check(value, run, seen);
      run.scope.pop();
      return fits;
    };
  }

  private compile(node: Node): Compiled {
    const { schema, pointer } = node;
    if (typeof schema === "boolean") return { check: always(schema, pointer), same: [], pointer };
    const known = this.compiled.get(schema);
    if (known) return known;
    const compiled: Compiled = { check: () => true, same: [], pointer };
    // Those that lead back to it find it under way.
    this.compiled.set(schema, compiled);
    // Later, and not from here: a chain of references may be longer than the stack of an engine is deep.
    this.waiting.push(() => {
      const body = this.body(node, schema, compiled);
      compiled.check = node.isResource ? entering(node.base, body) : body;
    });
    return compiled;
  }

  private body(node: Node, schema: JsonObject, compiled: Compiled): Check {
    const sub = (target: Node): Check => {
      const found = this.compile(target);
      return (value, run, seen) => found.check(value, run, seen);
    };
    const place: Place = {
      schema,
      at: `#${node.pointer}`,
      formats: this.formats || this.assertsFormats(node),
      sub: (...path) => sub(this.registry.child(node, path)),
      same: (...path) => this.same(this.registry.child(node, path), compiled),
    };
    const references = [
      this.reference(node, schema["$ref"], compiled),
      this.dynamicReference(node, schema["$dynamicRef"], compiled),
    ];
    const checks = [...references, ...this.rules(node).map((rule) => made(rule, place))].filter(
      (check) => check !== null,
    );
    const last = leftovers.map((rule) => made(rule, place)).filter((check) => check !== null);
    return all(checks, last);
  }

  private same(target: Node, parent: Compiled): Check {
    const found = this.compile(target);
    parent.same.push(found);
    return (value, run, seen) => found.check(value, run, seen);
  }

  private reference(node: Node, reference: Json | undefined, compiled: Compiled): Check | null {
    if (reference === undefined) return null;
    if (typeof reference !== "string") throw new SchemaError(node.pointer, "$ref must be a string");
    const target = this.registry.resolve(node, reference);
    const check = this.same(target, compiled);
    return target.base === node.base || target.isResource ? check : entering(target.base, check);
  }

  /** Core section 8.2.3.2: the outermost resource on the way here that has the anchor decides. */
  private dynamicReference(node: Node, reference: Json | undefined, compiled: Compiled): Check | null {
    if (reference === undefined) return null;
    if (typeof reference !== "string") throw new SchemaError(node.pointer, "$dynamicRef must be a string");
    const target = this.registry.resolve(node, reference);
    const name = isObject(target.schema) ? target.schema["$dynamicAnchor"] : undefined;
    if (typeof name !== "string" || !reference.endsWith(`#${name}`))
      return this.reference(node, reference, compiled);
    const found = new Map(
      [...this.registry.dynamic(name)].map(([uri, there]) => [uri, { uri, of: this.compile(there) }]),
    );
    const otherwise = found.get(target.base)!;
    return (value, run, seen) => {
      const outermost = run.scope.find((uri) => found.has(uri));
      const { uri, of } = outermost === undefined ? otherwise : found.get(outermost)!;
      run.scope.push(uri);
      const fits = of.check(value, run, seen);
      run.scope.pop();
      return fits;
    };
  }

  private assertsFormats({ dialect }: Node): boolean {
    const meta = dialect === null ? undefined : this.registry.root(dialect);
    const vocabularies = isObject(meta?.schema) ? meta.schema["$vocabulary"] : undefined;
    return isObject(vocabularies) && vocabularies[`${vocabulary}format-assertion`] !== undefined;
  }

  /** Those that the dialect of the schema has. */
  private rules({ dialect, pointer }: Node): readonly KeywordRule[] {
    const standard = [...assertions, formatRule, ...applicators];
    if (dialect === null || knownDialects.has(dialect.replace(/#$/, ""))) return standard;
    const meta = this.registry.root(dialect.replace(/#$/, ""));
    const vocabularies = isObject(meta?.schema) ? meta.schema["$vocabulary"] : undefined;
    if (!meta) throw new SchemaError(pointer, `$schema is ${dialect}, expected draft 2020-12`);
    if (!isObject(vocabularies)) return standard;
    const has = (name: string) => vocabularies[vocabulary + name] !== undefined;
    return [
      ...(has("validation") ? assertions : []),
      ...(has("format-annotation") || has("format-assertion") ? [formatRule] : []),
      ...(has("applicator") ? applicators : []),
    ];
  }
}

function made({ names, make }: KeywordRule, place: Place): Check | null {
  const name = names.find((each) => Object.hasOwn(place.schema, each));
  return name === undefined ? null : make(place, place.schema[name]!);
}

function always(fits: boolean, pointer: string): Check {
  return fits ? () => true : (_value, run) => run.fail(`#${pointer}`, "is not allowed");
}

function entering(base: string, check: Check): Check {
  return (value, run, seen) => {
    run.scope.push(base);
    const fits = check(value, run, seen);
    run.scope.pop();
    return fits;
  };
}

/** @param last those that need to know what the others looked at */
function all(checks: readonly Check[], last: readonly Check[]): Check {
  const every = [...checks, ...last];
  return (value, run, seen) => {
    run.enter();
    const own = seen !== null || last.length > 0 ? new Seen() : null;
    const fits = allFit(every, value, run, own);
    // What a schema that does not fit looked at does not count.
    if (fits && seen !== null) seen.add(own!);
    run.leave();
    return fits;
  };
}

function allFit(checks: readonly Check[], value: Json, run: Run, seen: Seen | null): boolean {
  let fits = true;
  for (const check of checks) {
    if (!check(value, run, seen)) fits = false;
    if (!fits && run.isDecided) return false;
  }
  return fits;
}

/** Refuses schemas that apply to a value themselves again, or too many others. */
function refuseBomb(root: Compiled): void {
  const counts = new Map<Compiled, number>();
  const countOf = (of: Compiled): number => {
    const known = counts.get(of);
    if (known === 0) throw new SchemaError(of.pointer, "refers to itself without end");
    if (known !== undefined) return known;
    counts.set(of, 0);
    let count = 1;
    for (const same of of.same) count += countOf(same);
    if (count > maxPerValue)
      throw new SchemaError(of.pointer, `applies more than ${maxPerValue} schemas to a value`);
    counts.set(of, count);
    return count;
  };
  countOf(root);
}
