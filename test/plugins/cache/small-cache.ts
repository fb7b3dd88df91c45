import { PurgeIndex } from "../../../core/store/responses/purge-index.ts";
import { answerOf } from "../../../plugins/cache/answer.ts";
import type { FieldList, RequestHead, ResponseHead } from "../../../plugins/cache/fields.ts";
import { readerOf } from "../../../plugins/cache/fields.ts";
import { invalidatedUrls } from "../../../plugins/cache/invalidation.ts";
import { cacheKey, keyedUrl } from "../../../plugins/cache/key/cache-key.ts";
import { entryKey, entryKeys, type VariantIndex, withVariant } from "../../../plugins/cache/key/variants.ts";
import { planRequest } from "../../../plugins/cache/request-plan.ts";
import { type Found, planResponse, planSilence } from "../../../plugins/cache/response-plan.ts";
import { planLookup } from "../../../plugins/cache/reuse.ts";
import type { CacheRules } from "../../../plugins/cache/rules.ts";
import type { StoredResponse } from "../../../plugins/cache/stored-response.ts";
import { validationEdits } from "../../../plugins/cache/validation.ts";

export interface Question {
  readonly method: string;
  readonly url: string;
  readonly fields: FieldList;
}

export interface Reply extends ResponseHead {
  readonly body: string;
}

/** Answers, or is silent. */
export type Origin = (question: Question) => Reply | null;

interface Held {
  readonly stored: StoredResponse;
  readonly body: string;
}

/** A whole cache with an origin that answers at once: what a policy makes of the rules, without a socket. */
export class SmallCache {
  readonly #origin: Origin;
  readonly #rules: CacheRules;
  readonly #entries = new Map<string, Held>();
  readonly #variants = new Map<string, VariantIndex>();
  readonly #index = new PurgeIndex();

  constructor(origin: Origin, rules: CacheRules) {
    this.#origin = origin;
    this.#rules = rules;
  }

  ask(question: Question, now: number): Reply {
    const request = headOf(question);
    const plan = planRequest(request, this.#rules);
    if (plan.kind === "forward") return this.#fetch(question, null, null, now);
    const keys = entryKeys(this.#variants.get(plan.key) ?? [], plan.key, request.headers);
    const entry = keys.find((key) => this.#entries.has(key)) ?? null;
    const held = entry === null ? null : this.#entries.get(entry)!;
    const lookup = planLookup(held?.stored ?? null, request, now, this.#rules);
    if (lookup.kind === "refuse") return { status: 504, fields: [], body: "" };
    if (lookup.kind === "fetch" || !held || entry === null) return this.#fetch(question, null, null, now);
    if (lookup.kind === "validate")
      return this.#fetch(question, entry, { stored: held.stored, fallback: lookup.fallback }, now);
    const answer = answered(held.stored, held.body, request, now);
    const fallback = { onError: true, onSilence: true };
    if (lookup.refresh) this.#fetch(question, entry, { stored: held.stored, fallback }, now);
    return answer;
  }

  #fetch(question: Question, entry: string | null, found: Found | null, now: number): Reply {
    const request = headOf(question);
    const reply = this.#origin(found ? edited(question, found.stored) : question);
    if (!reply) return this.#silence(request, entry, found, now);
    this.#invalidate(request, reply);
    const times = { requested: now, responded: now };
    const plan = planResponse(request, found, reply, times, this.#rules);
    switch (plan.kind) {
      case "store":
        this.#put(request, plan.vary, { stored: plan.stored, body: reply.body });
        return reply;
      case "ask-again":
        this.#drop(entry!);
        return this.#fetch(question, null, null, now);
      case "update":
        this.#entries.set(entry!, { ...this.#entries.get(entry!)!, stored: plan.stored });
        return reply;
      case "answer": {
        const { body } = this.#entries.get(entry!)!;
        if (plan.old === "replace") this.#entries.set(entry!, { stored: plan.stored, body });
        if (plan.old === "drop") this.#drop(entry!);
        return answered(plan.stored, body, request, now);
      }
      case "pass":
        if (entry !== null && plan.old === "drop") this.#drop(entry);
        return reply;
    }
  }

  #silence(request: RequestHead, entry: string | null, found: Found | null, now: number): Reply {
    const stored = planSilence(found);
    if (!stored || entry === null) return { status: 502, fields: [], body: "" };
    return answered(stored, this.#entries.get(entry)!.body, request, now);
  }

  #put(request: RequestHead, names: readonly string[], held: Held): void {
    const key = cacheKey(request, this.#rules.key);
    const entry = entryKey(key, names, request.headers);
    this.#variants.set(key, withVariant(this.#variants.get(key) ?? [], names));
    this.#entries.set(entry, held);
    this.#index.add(entry, keyedUrl(request.url, this.#rules.key), []);
  }

  #drop(entry: string): void {
    this.#entries.delete(entry);
    this.#index.delete(entry);
  }

  #invalidate(request: RequestHead, reply: Reply): void {
    for (const url of invalidatedUrls(request, reply)) {
      for (const entry of this.#index.ofUrl(keyedUrl(url, this.#rules.key))) this.#drop(entry);
    }
  }
}

function headOf({ method, url, fields }: Question): RequestHead {
  return { method, url, headers: readerOf(fields) };
}

function edited(question: Question, stored: StoredResponse): Question {
  let { fields } = question;
  for (const [name, value] of validationEdits(stored)) {
    fields = fields.filter(([other]) => other !== name);
    if (value !== null) fields = [...fields, [name, value]];
  }
  return { ...question, fields };
}

function answered(stored: StoredResponse, text: string, request: RequestHead, now: number): Reply {
  const { status, fields, body } = answerOf(stored, request, text.length, now);
  return { status, fields, body: body ? text.slice(body.start, body.end) : "" };
}
