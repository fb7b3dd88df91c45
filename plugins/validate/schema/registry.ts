import { isArray, isObject, type Json, type JsonObject } from "../../shared/json/json.ts";
import { pathOf, pointerOf, valueAt } from "../../shared/json/pointer.ts";
import { SchemaError } from "./schema-error.ts";

/** A schema and where it stands. */
export interface Node {
  readonly schema: JsonObject | boolean;
  /** URI of its resource, without fragment. */
  readonly base: string;
  /** JSON pointer into its document. */
  readonly pointer: string;
  readonly isResource: boolean;
  /** What the resource names as `$schema`; null: nothing. */
  readonly dialect: string | null;
}

interface Resource {
  readonly root: Node;
  readonly anchors: Map<string, Node>;
  readonly dynamic: Map<string, Node>;
}

/** URI of a document that names none. */
export const ownUri = "schema:///";

const maxSchemas = 50_000;
const maxDepth = 200;

/** Keywords whose value is a schema, a list of schemas, or schemas by name. */
const single =
  "additionalProperties contains contentSchema else if items not propertyNames then unevaluatedItems unevaluatedProperties".split(
    " ",
  );
const lists = ["allOf", "anyOf", "oneOf", "prefixItems"];
const maps = ["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"];

/** The documents that a schema can refer to: what was given, and nothing else. No reference is ever fetched. */
export class Registry {
  private readonly resources = new Map<string, Resource>();
  private readonly nodes = new Map<JsonObject, Node>();

  /**
   * Finds the schemas of a document, their ids and anchors.
   *
   * @param uri of the document
   * @throws SchemaError for an id that is none, one that is given twice, and a document that is too large
   */
  add(document: JsonObject | boolean, uri: string): Node {
    const node = { schema: document, base: uri, pointer: "", isResource: true, dialect: null };
    return this.scan(node, 0);
  }

  /** Finds the schemas below a place of a document that is no schema itself. */
  addBelow(root: Node, path: readonly string[], schema: Json): Node {
    const place = { ...root, pointer: pointerOf(path), isResource: false };
    return this.scan({ ...place, schema: schemaIn(schema, place.pointer) }, 0);
  }

  /** The schema that a keyword of another one holds. */
  child(parent: Node, path: readonly (string | number)[]): Node {
    const pointer = parent.pointer + pointerOf(path);
    const schema = schemaIn(valueAt(parent.schema as Json, path), pointer);
    const known = isObject(schema) ? this.nodes.get(schema) : undefined;
    return known ?? { schema, base: parent.base, pointer, isResource: false, dialect: parent.dialect };
  }

  /**
   * What a reference leads to.
   *
   * @throws SchemaError when nothing is there
   */
  resolve(from: Node, reference: string): Node {
    const { uri, fragment } = this.split(from, reference);
    const resource = this.resources.get(uri);
    if (!resource)
      throw new SchemaError(from.pointer, `${uri} is not among the documents; nothing is fetched`);
    if (fragment === "") return resource.root;
    if (!fragment.startsWith("/")) {
      const node = resource.anchors.get(fragment);
      if (!node) throw new SchemaError(from.pointer, `there is no $anchor ${fragment}`);
      return node;
    }
    const path = pathOf(fragment);
    if (valueAt(resource.root.schema as Json, path) === undefined) {
      throw new SchemaError(from.pointer, `there is nothing at ${reference}`);
    }
    return this.child(resource.root, path);
  }

  /** Those that have a dynamic anchor of the name, by their resource. */
  dynamic(name: string): Map<string, Node> {
    const found = new Map<string, Node>();
    for (const [uri, { dynamic }] of this.resources) {
      const node = dynamic.get(name);
      if (node) found.set(uri, node);
    }
    return found;
  }

  /** The resource itself; undefined: it is not among the documents. */
  root(uri: string): Node | undefined {
    return this.resources.get(uri)?.root;
  }

  private split(from: Node, reference: string) {
    const url = uriOf(reference, from);
    const hash = url.indexOf("#");
    if (hash < 0) return { uri: url, fragment: "" };
    return { uri: url.slice(0, hash), fragment: decoded(url.slice(hash + 1), from) };
  }

  private scan(found: Node, depth: number): Node {
    const { schema } = found;
    if (depth > maxDepth)
      throw new SchemaError(found.pointer, `schemas are nested more than ${maxDepth} deep`);
    if (!isObject(schema)) {
      if (found.isResource) this.addResource(found);
      return found;
    }
    if (this.nodes.size >= maxSchemas) throw new SchemaError("", `there are more than ${maxSchemas} schemas`);
    const node = this.identified(found, schema);
    this.nodes.set(schema, node);
    if (node.isResource) this.addResource(node, found.base);
    this.addAnchors(node, schema);
    for (const path of childPaths(schema)) {
      const pointer = node.pointer + pointerOf(path);
      const child = schemaIn(valueAt(schema, path), pointer);
      this.scan({ ...node, schema: child, pointer, isResource: false }, depth + 1);
    }
    return node;
  }

  /** With the base that its own `$id` gives it. */
  private identified(node: Node, schema: JsonObject): Node {
    const { $id: id, $schema: dialect } = schema;
    const own = typeof dialect === "string" ? dialect : node.dialect;
    if (id === undefined) return { ...node, dialect: own };
    if (typeof id !== "string") throw new SchemaError(node.pointer, "$id must be a string");
    const base = uriOf(id, node).replace(/#$/, "");
    if (base.includes("#")) throw new SchemaError(node.pointer, "$id must have no fragment");
    return { ...node, base, isResource: true, dialect: own };
  }

  private addResource(node: Node, alias = node.base): void {
    if (this.resources.has(node.base)) throw new SchemaError(node.pointer, `${node.base} is given twice`);
    const resource = { root: node, anchors: new Map(), dynamic: new Map() };
    this.resources.set(node.base, resource);
    if (node.pointer === "" && !this.resources.has(alias)) this.resources.set(alias, resource);
  }

  private addAnchors(node: Node, { $anchor: anchor, $dynamicAnchor: dynamic }: JsonObject): void {
    const resource = this.resources.get(node.base)!;
    for (const name of [anchor, dynamic]) {
      if (name === undefined) continue;
      if (typeof name !== "string" || !/^[A-Za-z_][-A-Za-z0-9._]*$/.test(name)) {
        throw new SchemaError(
          node.pointer,
          "an anchor begins with a letter or _ and has letters, digits, - . _",
        );
      }
      const other = resource.anchors.get(name);
      if (other && other !== node) throw new SchemaError(node.pointer, `anchor ${name} is given twice`);
      resource.anchors.set(name, node);
    }
    if (typeof dynamic === "string") resource.dynamic.set(dynamic, node);
  }
}

function schemaIn(value: Json | undefined, pointer: string): JsonObject | boolean {
  if (typeof value === "boolean" || isObject(value)) return value;
  throw new SchemaError(pointer, "expected a schema: an object, true or false");
}

function* childPaths(schema: JsonObject): Generator<(string | number)[]> {
  for (const name of single) if (Object.hasOwn(schema, name)) yield [name];
  for (const name of lists) {
    const list = schema[name];
    if (isArray(list)) for (let index = 0; index < list.length; index++) yield [name, index];
  }
  for (const name of maps) {
    const map = schema[name];
    if (isObject(map)) for (const key of Object.keys(map)) yield [name, key];
  }
}

function uriOf(reference: string, { base, pointer }: Node): string {
  try {
    return new URL(reference, base).href;
  } catch {
    throw new SchemaError(pointer, `${reference} is no URI reference`);
  }
}

function decoded(fragment: string, { pointer }: Node): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    throw new SchemaError(pointer, `#${fragment} is no fragment`);
  }
}
