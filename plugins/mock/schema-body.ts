import type { Json } from "../shared/json/json.ts";
import type { Body } from "./answer.ts";
import { Random } from "./generate/random.ts";
import { generated } from "./generate/value.ts";

/**
 * A body that is made of a schema. It is made once at once, so that a schema of which nothing can be made is found out when the
 * config is loaded, and so that there is something for a seed with which the search for a text fails.
 *
 * @param document in which references lead
 * @throws Error that says where nothing could be made
 */
export function schemaBody(schema: Json, document: Json, where: string): Body {
  const make = (seed: string): string => JSON.stringify(generated(schema, document, new Random(seed)));
  let first: string;
  try {
    first = make("");
  } catch (error) {
    throw new Error(`Cannot use ${where}: nothing can be made of the schema: ${(error as Error).message}`);
  }
  return (seed) => {
    try {
      return make(seed);
    } catch {
      return first;
    }
  };
}
