/** Another service decides, as with nginx' auth_request, Traefik's forwardAuth and Envoy's ext_authz over HTTP. */
import type { PluginRequest } from "sluice/sdk";
import { boundedBody } from "./bounded-body.ts";
import { type Allowed, isDenial, readAllowed, replyOf } from "./forward-auth/answer.ts";
import { type ForwardAuthConfig, forwardAuthSchema } from "./forward-auth/config.ts";
import { cacheKey, type Facts, factsOf, fieldsOf } from "./forward-auth/question.ts";
import { canonicalName } from "./identity-headers.ts";
import { checkSettable } from "./proxy-fields.ts";
import { type AuthContext, absent, type Strategy, type StrategyType, type Verdict } from "./strategy.ts";
import { TokenCache } from "./token-cache.ts";
import { Busy, questionTurns } from "./turns.ts";

export const forwardAuth: StrategyType<ForwardAuthConfig> = {
  type: "forward-auth",
  schema: forwardAuthSchema,
  create: (config, { log }) =>
    forwardAuthStrategy(config, {
      now: Date.now,
      fetch: (url, init) => fetch(url, init),
      onFailure: (message) => log.warn(`${config.url} cannot be asked: ${message}`),
    }),
};

export interface ForwardAuthHost {
  /** Ms since 1970. */
  readonly now: () => number;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** The first failure after an answer. */
  readonly onFailure: (message: string) => void;
}

/** Seconds. */
const retryAfter = 1;

/** @throws Error for fields that a policy cannot set, and for a cache that would mix clients up */
export function forwardAuthStrategy(config: ForwardAuthConfig, host: ForwardAuthHost): Strategy {
  checkSettable(config.responseHeaders, "responseHeaders");
  checkSettable(config.clientHeaders, "clientHeaders");
  const shared = cacheNames(config);
  const cache = new TokenCache<Allowed>(config.cacheFor > 0 ? config.cache : 0);
  const { asked, own } = fieldsByUse(config);
  let isFailing = false;

  function authenticate(request: PluginRequest, ctx: AuthContext): Verdict | Promise<Verdict> {
    const { onlyWith } = config;
    if (onlyWith.length > 0 && !onlyWith.some((name) => request.headers.has(name))) return absent;
    const facts = factsOf(request, ctx, config);
    const key = config.cacheFor > 0 ? cacheKey(facts, shared) : "";
    const known = cache.get(key, host.now());
    return known === null ? ask(facts, key, request, ctx) : pass(known, request);
  }

  async function ask(
    facts: Facts,
    key: string,
    request: PluginRequest,
    { requestId, signal }: AuthContext,
  ): Promise<Verdict> {
    try {
      const verdict = await questionTurns.take(async () => {
        const answer = await host.fetch(config.url, {
          method: config.method === "same" ? request.method : config.method,
          headers: fieldsOf(facts, requestId),
          redirect: "manual",
          signal: AbortSignal.any([signal as AbortSignal, AbortSignal.timeout(config.timeout * 1000)]),
        });
        return judge(answer, key, request);
      });
      isFailing = false;
      return verdict;
    } catch (error) {
      if (error instanceof Busy) throw error;
      // A client that is gone says nothing of the service.
      if (!signal.aborted) {
        if (!isFailing) host.onFailure((error as Error).message);
        isFailing = true;
      }
      return { kind: "refused", reason: "unavailable", status: 503, retryAfter };
    }
  }

  /** @throws Error when the service has decided nothing */
  async function judge(answer: Response, key: string, request: PluginRequest): Promise<Verdict> {
    const { status, headers } = answer;
    if (isDenial(status)) {
      const body = await boundedBody(answer, config.mostBody);
      return { kind: "respond", response: replyOf(status, headers, config.clientHeaders, body) };
    }
    await answer.body?.cancel();
    if (status < 200 || status > 299) throw new Error(`it answered with status ${status}`);
    const allowed = readAllowed(headers, config);
    if (allowed === null) throw new Error("it allowed somebody without a subject");
    if (allowed.isKept) cache.set(key, allowed, host.now() + config.cacheFor * 1000);
    return pass(allowed, request);
  }

  function pass({ identity, fields }: Allowed, { headers }: PluginRequest): Verdict {
    if (asked.size > 0) {
      const old = [...(headers as Iterable<[string, string]>)].filter(([name]) =>
        asked.has(canonicalName(name)),
      );
      for (const [name] of old) headers.delete(name);
    }
    for (const [name, value] of fields) if (value !== null) headers.set(name, value);
    return { kind: "identity", identity };
  }

  // The service's own challenge goes to clients; a 401 of this proxy's needs one, too.
  return { name: "forward-auth", challenge: 'ForwardAuth realm="api"', ownFields: own, authenticate };
}

/**
 * Fields that the service sets are removed before anything else, and those that it is asked with, too, when it has
 * answered.
 */
function fieldsByUse({ requestHeaders, responseHeaders }: ForwardAuthConfig) {
  const sent = new Set(requestHeaders.map(canonicalName));
  return {
    asked: new Set(responseHeaders.map(canonicalName).filter((name) => sent.has(name))),
    own: responseHeaders.filter((name) => !sent.has(canonicalName(name))),
  };
}

/** What `cacheKey` compares. */
function cacheNames({ cacheFor, cacheBy, requestHeaders }: ForwardAuthConfig): string[] {
  const sent = requestHeaders.map((name) => name.toLowerCase());
  const parts = [":method", ":proto", ":host", ":uri", ":address"];
  if (cacheBy.length === 0) return [...parts, ...sent];
  const names = cacheBy.map((name) => name.toLowerCase());
  const unknown = names.find((name) => !parts.includes(name) && !sent.includes(name));
  if (unknown !== undefined) throw new Error(`cacheBy has ${unknown}, which is not one of requestHeaders`);
  if (cacheFor > 0 && sent.length > 0 && !names.some((name) => sent.includes(name))) {
    throw new Error("cacheBy has none of requestHeaders: everybody would get what the first one got");
  }
  return names;
}
