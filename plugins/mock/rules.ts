import { isObject, type Json, type JsonObject } from "../shared/json/json.ts";
import { parseText } from "../shared/json/parse-text.ts";
import type { Answer, Asked } from "./answer.ts";
import { operationAnswer } from "./operation.ts";
import { type Operations, operationsOf } from "./operations.ts";
import { noPreference, type Preference, preferenceOf } from "./prefer.ts";
import { type Config, type StaticAnswer, staticAnswer } from "./static.ts";

/** A config as its requests need it. */
export interface Rules {
  readonly answers: readonly StaticAnswer[];
  readonly operations: Operations | null;
}

/** Why there is no answer to a request that something is for. */
export type NoAnswer = "unknown" | "preference";

/** @throws Error for what could not be answered with */
export function rulesOf(config: Config): Rules {
  const { openapi, responses } = config;
  if (openapi === undefined && responses.length === 0) {
    throw new Error("Cannot use config: expected responses, openapi or both");
  }
  return {
    answers: responses.map(staticAnswer),
    operations: openapi === undefined ? null : operationsFrom(openapi as Json),
  };
}

function operationsFrom(openapi: Json): Operations {
  try {
    const document = typeof openapi === "string" ? parseText(openapi) : openapi;
    if (!isObject(document)) throw new Error("expected an object");
    return operationsOf(document as JsonObject);
  } catch (error) {
    throw new Error(`Cannot use openapi: ${(error as Error).message}`);
  }
}

/**
 * Finds what a request is answered with: a response of the config before one of the document.
 *
 * @param chance at least 0 and below 1, for responses that are for a share of the requests
 */
export function answerFor(
  { answers, operations }: Rules,
  asked: Asked,
  listens: boolean,
  chance: number,
): { readonly answer: Answer; readonly preference: Preference } | NoAnswer {
  const preference = listens ? preferenceOf(asked.headers.get("prefer")) : noPreference;
  const matching = answers.filter(({ isFor }) => isFor(asked, chance));
  const { code, example } = preference;
  const answer = matching.find(
    ({ status, name }) => (code === null || status === code) && (example === null || name === example),
  );
  if (answer !== undefined) return { answer, preference };
  const responses = operations?.find(asked.method, asked.path);
  if (responses === undefined) return matching.length > 0 ? "preference" : "unknown";
  const made = operationAnswer(responses, preference, asked.headers.get("accept"));
  return made === null ? "preference" : { answer: made, preference };
}
