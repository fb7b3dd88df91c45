import type { ExchangeTimes } from "./age.ts";
import { type RequestHead, type ResponseHead, readerOf } from "./fields.ts";
import { varyNames } from "./key/vary.ts";
import { readResponse } from "./read-response.ts";
import { type Fallback, isOriginError } from "./reuse.ts";
import type { CacheRules } from "./rules.ts";
import { type Refusal, storingRefusal } from "./storable.ts";
import { type StoredResponse, storedResponse } from "./stored-response.ts";
import { type Freshened, freshened, likeness, updated } from "./validation.ts";

/** What was found for a request before it went to the origin. */
export interface Found {
  readonly stored: StoredResponse;
  readonly fallback: Fallback;
}

/** What to do with a response of the origin. */
export type ResponsePlan =
  /** It is the answer, and is kept, for requests that are alike in these fields. */
  | { readonly kind: "store"; readonly stored: StoredResponse; readonly vary: readonly string[] }
  /** It is the answer and is not kept. `old`: what becomes of what was found. */
  | { readonly kind: "pass"; readonly old: Old; readonly because: Refusal | "error" | "partial" }
  /** What was found is the answer. */
  | { readonly kind: "answer"; readonly stored: StoredResponse; readonly old: Old }
  /** It is the answer, and has news of what was found (HEAD). */
  | { readonly kind: "update"; readonly stored: StoredResponse }
  /** It says that something else than what was found still holds: to be asked again without conditions. */
  | { readonly kind: "ask-again" };

/** It is left as it is, or is replaced by the `stored` of the plan, or goes. */
export type Old = "leave" | "replace" | "drop";

/**
 * What a response of the origin means for its request and for the store (RFC 9111 sections 3, 4.3.3 and 4.3.5).
 *
 * @param request as the client sent it, before any edits
 * @param found what was found for it and had to be validated; null: nothing
 * @param times when the request went out and when this head arrived
 */
export function planResponse(
  request: RequestHead,
  found: Found | null,
  response: ResponseHead,
  times: ExchangeTimes,
  rules: CacheRules,
): ResponsePlan {
  const { status } = response;
  if (found && status === 304) {
    const news = freshened(found.stored, request, response, times, rules);
    return news ? { kind: "answer", stored: news.stored, old: oldAfter(news) } : { kind: "ask-again" };
  }
  if (found && isOriginError(status))
    return found.fallback.onError
      ? { kind: "answer", stored: found.stored, old: "leave" }
      : { kind: "pass", old: "leave", because: "error" };
  if (found && request.method === "HEAD") return planHead(request, found, response, times, rules);

  const read = readResponse(response, times.responded, rules);
  const refusal = storingRefusal(request, read, rules);
  // Section 4.3.3: a whole response says that the stored one is over; a partial one says nothing of it.
  if (refusal) return { kind: "pass", old: status === 206 ? "leave" : "drop", because: refusal };
  return {
    kind: "store",
    stored: storedResponse(read, times, rules),
    vary: varyNames(readerOf(response.fields)) ?? [],
  };
}

/** What to do when the origin does not answer: the stored response, or null when an error is all there is. */
export function planSilence(found: Found | null): StoredResponse | null {
  return found?.fallback.onSilence ? found.stored : null;
}

function planHead(
  request: RequestHead,
  { stored }: Found,
  response: ResponseHead,
  times: ExchangeTimes,
  rules: CacheRules,
): ResponsePlan {
  const like = likeness(stored, response);
  if (like === "unknown") return { kind: "pass", old: "leave", because: "method" };
  const news = like === "same" ? updated(stored, request, response, times, rules) : null;
  if (!news || news.refusal) return { kind: "pass", old: "drop", because: news?.refusal ?? "method" };
  return { kind: "update", stored: news.stored };
}

function oldAfter({ refusal }: Freshened): Old {
  return refusal ? "drop" : "replace";
}
