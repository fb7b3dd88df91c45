import type { ConfigOf } from "sluice/sdk";
import { isObject, type Json, type JsonObject } from "../shared/json/json.ts";
import { parseText } from "../shared/json/parse-text.ts";
import type { BodyRule } from "./body.ts";
import type { schema as configSchema } from "./config.ts";
import { type OpenApi, openApi } from "./openapi/document.ts";
import { type SchemaOptions, validator } from "./schema/validator.ts";

export type Config = ConfigOf<typeof configSchema>;

/** A config as messages need it. */
export interface Rules {
  /** What bodies have to fit; null: an OpenAPI document says it. */
  readonly body: BodyRule | null;
  /** The same for methods whose bodies mean nothing. */
  readonly bareBody: BodyRule | null;
  readonly openapi: OpenApi | null;
}

/** @throws Error for a schema or a document that cannot be used, with the place in it */
export function rulesOf(config: Config): Rules {
  const { schema, openapi, formats, maxErrors, maxSteps } = config;
  if ((schema === undefined) === (openapi === undefined)) {
    throw new Error("Cannot use config: expected either schema or openapi");
  }
  const documents = Object.fromEntries(
    Object.entries(config.documents).map(([uri, text]) => [
      uri,
      schemaFrom(`documents/${uri}`, text as Json),
    ]),
  );
  const options: SchemaOptions = { formats, maxErrors, maxSteps, documents };
  if (schema !== undefined) {
    const own = schemaFrom("schema", schema as Json);
    const validate = naming("schema", () => validator(own, options));
    const media = [{ type: "application/*+json", validate }];
    return { body: { required: true, media }, bareBody: { required: false, media }, openapi: null };
  }
  const document = parsed("openapi", openapi as Json);
  if (!isObject(document)) throw new Error("Cannot use openapi: expected an object");
  return { body: null, bareBody: null, openapi: naming("openapi", () => openApi(document, options)) };
}

function schemaFrom(name: string, value: Json): JsonObject | boolean {
  const found = parsed(name, value);
  if (isObject(found) || typeof found === "boolean") return found;
  throw new Error(`Cannot use ${name}: expected a schema: an object, true or false`);
}

function parsed(name: string, value: Json): Json {
  return typeof value === "string" ? naming(name, () => parseText(value)) : value;
}

function naming<T>(name: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new Error(`Cannot use ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
