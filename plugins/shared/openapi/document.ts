import { isArray, isObject, type JsonObject } from "../json/json.ts";
import { pathOf, pointerOf, valueAt } from "../json/pointer.ts";

/** Names and indexes that lead to a place of a document. */
export type Path = readonly string[];

/** A part of a document, and where it stands. */
export interface Part {
  readonly value: JsonObject;
  readonly path: Path;
}

/** Those that a path may have (OpenAPI 3.1 section 4.8.9), as its members are called. */
export const methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/** @throws Error for a document that is not of OpenAPI 3.1 */
export function checkVersion(document: JsonObject): void {
  const version = document["openapi"];
  if (typeof version === "string" && version.startsWith("3.1.")) return;
  throw new Error(`expected openapi: 3.1.x, found ${JSON.stringify(version) ?? "nothing"}`);
}

/**
 * What stands at a path, or what the reference there leads to.
 *
 * @throws Error for what is no object, and for a reference out of the document or in a circle
 */
export function partAt(document: JsonObject, path: Path, hops = 0): Part {
  const value = valueAt(document, path);
  if (!isObject(value)) throw new Error(`#${pointerOf(path)}: expected an object`);
  const reference = value["$ref"];
  if (reference === undefined) return { value, path };
  if (typeof reference !== "string" || !reference.startsWith("#/")) {
    throw new Error(`#${pointerOf(path)}: $ref must lead to a place of this document; nothing is fetched`);
  }
  if (hops > 20) throw new Error(`#${pointerOf(path)}: $ref leads in a circle`);
  return partAt(document, pathOf(decodeURIComponent(reference.slice(1))), hops + 1);
}

/** Paths of the servers; a variable in one has its default. */
export function basesOf({ servers }: JsonObject): string[] {
  if (!isArray(servers) || servers.length === 0) return [""];
  const bases = servers.filter(isObject).map(({ url, variables }) => {
    const text = String(url).replaceAll(/\{([^}]*)\}/g, (_, name: string) => {
      const variable = isObject(variables) ? variables[name] : undefined;
      return isObject(variable) ? String(variable["default"]) : name;
    });
    return new URL(text, "http://localhost/").pathname.replace(/\/$/, "");
  });
  return [...new Set(bases)];
}
