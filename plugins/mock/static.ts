import type { ConfigOf } from "sluice/sdk";
import type { Json } from "../shared/json/json.ts";
import { pathPattern } from "../shared/path-pattern.ts";
import { isProxyField } from "../shared/proxy-fields.ts";
import { isWanted } from "../shared/wanted-value.ts";
import type { Answer, Asked, Body } from "./answer.ts";
import type { schema } from "./config.ts";
import { schemaBody } from "./schema-body.ts";

export type Config = ConfigOf<typeof schema>;
type ResponseConfig = Config["responses"][number];

/** A response of the config. */
export interface StaticAnswer extends Answer {
  /** @param chance at least 0 and below 1 */
  isFor(asked: Asked, chance: number): boolean;
}

/** @throws Error for a response that could not be given */
export function staticAnswer(config: ResponseConfig, index: number): StaticAnswer {
  const where = `responses.${index}`;
  const { name = String(index), status, delay = null } = config;
  const body = bodyOf(config, where);
  if (body !== null && (status === 204 || status === 304)) {
    throw new Error(`Cannot use ${where}: a response with ${status} has no body`);
  }
  const headers = Object.entries(config.headers ?? {});
  const owned = headers.find(
    ([field]) => isProxyField(field) || !/^[A-Za-z0-9!#$%&'*+.^_\x60|~-]+$/.test(field),
  );
  if (owned !== undefined) throw new Error(`Cannot use ${where}: ${JSON.stringify(owned[0])} cannot be set`);
  const isTyped = headers.some(([field]) => field.toLowerCase() === "content-type");
  const type = config.body === undefined ? "application/json" : "text/plain; charset=utf-8";
  if (body !== null && !isTyped) headers.push(["content-type", type]);
  return { name, status, delay, headers, body, isFor: conditionOf(config.when) };
}

function bodyOf({ body, json, schema }: ResponseConfig, where: string): Body | null {
  const given = [body, json, schema].filter((each) => each !== undefined);
  if (given.length > 1) throw new Error(`Cannot use ${where}: body, json and schema are one too many`);
  if (schema !== undefined) return schemaBody(schema as Json, schema as Json, where);
  if (given.length === 0) return null;
  const text = body ?? JSON.stringify(json);
  return () => text;
}

function conditionOf(when: ResponseConfig["when"]): StaticAnswer["isFor"] {
  if (when === undefined) return () => true;
  const { method, percentage = 100 } = when;
  const path = when.path === undefined ? null : pathPattern(when.path);
  const fields = Object.entries(when.header ?? {});
  const parameters = Object.entries(when.query ?? {});
  return (asked, chance) => {
    if (method !== undefined && !method.includes(asked.method)) return false;
    if (path !== null && path(asked.path) === null) return false;
    if (!fields.every(([name, wanted]) => isWanted(wanted, asked.headers.get(name)))) return false;
    if (parameters.length > 0) {
      const query = new URLSearchParams(asked.query);
      if (!parameters.every(([name, wanted]) => isWanted(wanted, query.get(name)))) return false;
    }
    return chance * 100 < percentage;
  };
}
