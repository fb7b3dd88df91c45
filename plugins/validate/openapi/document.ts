import { isArray, isObject, type Json, type JsonObject } from "../../shared/json/json.ts";
import { pathOf, pointerOf, valueAt } from "../../shared/json/pointer.ts";
import {
  basesOf,
  checkVersion,
  methods,
  type Part,
  type Path,
  partAt,
} from "../../shared/openapi/document.ts";
import { PathTable } from "../../shared/openapi/path-table.ts";
import { type BodyRule, isJson, type Media } from "../body.ts";
import { Compiler } from "../schema/compile.ts";
import { type Node, ownUri, type Registry } from "../schema/registry.ts";
import { registryOf, running, type SchemaOptions, type Validate } from "../schema/validator.ts";
import type { Operation, ParameterCheck } from "./operation.ts";
import { type ParameterSchema, parameterCheck } from "./parameter.ts";

/** A compiled OpenAPI document. */
export interface OpenApi {
  /** The operation; or the methods that the path has, empty when there is no such path. */
  find(method: string, path: string): Operation | { readonly allow: string };
}

/**
 * Compiles an OpenAPI 3.1 document.
 *
 * @throws Error that says where the document cannot be used
 * @example
 * openApi(document, options).find("GET", "/pets/1");
 */
export function openApi(document: JsonObject, options: SchemaOptions): OpenApi {
  checkVersion(document);
  const parts = new Parts(document, options);
  const table = new PathTable<ReadonlyMap<string, Operation>>();
  const paths = document["paths"] ?? {};
  if (!isObject(paths)) throw new Error("#/paths: expected an object");
  for (const template of Object.keys(paths)) {
    const operations = operationsOf(parts, ["paths", template]);
    for (const base of basesOf(document)) table.add(base + template, operations);
  }
  return {
    find(method, path) {
      const operations = table.find(path);
      if (!operations) return { allow: "" };
      const own = operations.get(method) ?? (method === "HEAD" ? operations.get("GET") : undefined);
      return own ?? { allow: [...operations.keys()].join(", ") };
    },
  };
}

function operationsOf(parts: Parts, path: Path): ReadonlyMap<string, Operation> {
  const item = parts.at(path);
  const operations = new Map<string, Operation>();
  for (const method of methods) {
    if (!isObject(item.value[method])) continue;
    operations.set(method.toUpperCase(), operationOf(parts, item.path, [...item.path, method]));
  }
  return operations;
}

function operationOf(parts: Parts, item: Path, path: Path): Operation {
  const { requestBody, responses } = parts.at(path).value;
  const body = requestBody === undefined ? null : parts.at([...path, "requestBody"]);
  const statuses = isObject(responses) ? Object.keys(responses) : [];
  return {
    at: `#${pointerOf(path)}`,
    parameters: parametersOf(parts, item, path),
    body: body && bodyRule(parts, body, body.value["required"] === true),
    responses: new Map(
      statuses.map((status) => {
        const response = parts.at([...path, "responses", status]);
        const hasContent = response.value["content"] !== undefined;
        return [
          status.toUpperCase().replace("DEFAULT", "default"),
          {
            body: hasContent ? bodyRule(parts, response, true) : null,
            headers: headersOf(parts, response),
          },
        ];
      }),
    ),
  };
}

/** Those of the operation take the place of those of its path that have the same name and place. */
function parametersOf(parts: Parts, item: Path, path: Path): ParameterCheck[] {
  const found = new Map<string, ParameterCheck>();
  for (const owner of [item, path]) {
    const list = parts.at(owner).value["parameters"] ?? [];
    if (!isArray(list)) throw new Error(`#${pointerOf(owner)}/parameters: expected a list`);
    for (const index of list.keys()) {
      const { value, path: at } = parts.at([...owner, "parameters", String(index)]);
      const template = String(item[1] ?? "");
      const check = parameterCheck(
        value,
        `#${pointerOf(at)}`,
        schemaOf(parts, { value, path: at }),
        template,
      );
      const key = `${String(value["in"])} ${String(value["name"]).toLowerCase()}`;
      if (check) found.set(key, check);
    }
  }
  return [...found.values()];
}

/** OpenAPI 3.1 section 4.8.21: a header of a response is as a parameter in a header, of the style simple. */
function headersOf(parts: Parts, { value, path }: Part): ParameterCheck[] {
  const { headers } = value;
  if (!isObject(headers)) return [];
  return Object.keys(headers).flatMap((name) => {
    const header = parts.at([...path, "headers", name]);
    const parameter = { ...header.value, name, in: "header", style: "simple" };
    const check = parameterCheck(parameter, `#${pointerOf(header.path)}`, schemaOf(parts, header), "");
    return check ?? [];
  });
}

/** Of a parameter or a header: its `schema`, or the one of its only `content`. */
function schemaOf(parts: Parts, { value, path }: Part): ParameterSchema {
  const resolve = (schema: Json | undefined) => parts.schema(schema);
  const { schema, content } = value;
  if (schema !== undefined)
    return { validate: parts.validate([...path, "schema"]), isContent: false, resolve };
  const type = isObject(content) ? Object.keys(content)[0] : undefined;
  if (type === undefined || !isJson(type.toLowerCase())) return { validate: null, isContent: false, resolve };
  const media = parts.at([...path, "content", type]);
  const isChecked = media.value["schema"] !== undefined;
  return { validate: isChecked ? parts.validate([...media.path, "schema"]) : null, isContent: true, resolve };
}

function bodyRule(parts: Parts, { value, path }: Part, required: boolean): BodyRule {
  const content = value["content"];
  if (!isObject(content)) throw new Error(`#${pointerOf(path)}/content: expected an object`);
  const media = Object.keys(content).map((name): Media => {
    const { value: own, path: at } = parts.at([...path, "content", name]);
    const type = name.toLowerCase().replace(/\s*;.*$/, "");
    return { type, validate: own["schema"] === undefined ? null : parts.validate([...at, "schema"]) };
  });
  return { required, media };
}

/** The document, with its references followed. */
class Parts {
  private readonly registry: Registry;
  private readonly compiler: Compiler;
  private readonly root: Node;
  private readonly document: JsonObject;
  private readonly options: SchemaOptions;

  constructor(document: JsonObject, options: SchemaOptions) {
    this.document = document;
    this.options = options;
    this.registry = registryOf(options);
    this.root = this.registry.add(document, ownUri);
    const schemas = valueAt(document, ["components", "schemas"]) ?? {};
    for (const [name, schema] of Object.entries(isObject(schemas) ? schemas : {})) {
      this.registry.addBelow(this.root, ["components", "schemas", name], schema);
    }
    this.compiler = new Compiler(this.registry, options.formats);
  }

  at(path: Path): Part {
    return partAt(this.document, path);
  }

  validate(path: Path): Validate {
    return running(this.compiler.check(this.registry.child(this.root, path)), this.options);
  }

  /** The schema that a reference within the document leads to. */
  schema(schema: Json | undefined): JsonObject {
    let found = schema;
    for (let hops = 0; hops < 20 && isObject(found); hops++) {
      const reference = found["$ref"];
      if (typeof reference !== "string" || !reference.startsWith("#/")) return found;
      found = valueAt(this.document, pathOf(decodeURIComponent(reference.slice(1))));
    }
    return {};
  }
}
