import { isObject, type JsonObject } from "../shared/json/json.ts";
import { basesOf, checkVersion, methods, partAt } from "../shared/openapi/document.ts";
import { PathTable } from "../shared/openapi/path-table.ts";
import { type OperationResponse, operationResponses } from "./operation.ts";

/** Responses of the operations of a document. */
export interface Operations {
  /** Undefined: there is no such path, or it has no such method. */
  find(method: string, path: string): readonly OperationResponse[] | undefined;
}

/** @throws Error that says where the document cannot be used */
export function operationsOf(document: JsonObject): Operations {
  checkVersion(document);
  const table = new PathTable<ReadonlyMap<string, readonly OperationResponse[]>>();
  const { paths = {} } = document;
  if (!isObject(paths)) throw new Error("#/paths: expected an object");
  for (const template of Object.keys(paths)) {
    const { value, path } = partAt(document, ["paths", template]);
    const operations = new Map<string, readonly OperationResponse[]>();
    for (const method of methods) {
      if (isObject(value[method]))
        operations.set(method.toUpperCase(), operationResponses(document, [...path, method]));
    }
    for (const base of basesOf(document)) table.add(base + template, operations);
  }
  return {
    find(method, path) {
      const operations = table.find(path);
      return operations?.get(method) ?? (method === "HEAD" ? operations?.get("GET") : undefined);
    },
  };
}
