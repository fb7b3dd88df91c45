/** Tokens that say nothing themselves: the server that issued them is asked (RFC 7662). */
import { sha256 } from "@noble/hashes/sha2.js";
import type { PluginRequest } from "sluice/sdk";
import { Attempts } from "./attempts.ts";
import { bearerTokenIn, isBearerToken } from "./bearer-token.ts";
import { removeCredential, twice } from "./credential.ts";
import { type Introspected, introspect } from "./introspection/call.ts";
import { type IntrospectionConfig, introspectionSchema } from "./introspection/config.ts";
import { endOf, reasonAgainst } from "./introspection/judge.ts";
import { identityOf } from "./jwt/claims.ts";
import { type Found, LookupCache } from "./lookup-cache.ts";
import {
  type AuthContext,
  absent,
  refused,
  type Strategy,
  type StrategyType,
  type Verdict,
} from "./strategy.ts";
import { Busy, questionTurns } from "./turns.ts";

export const introspection: StrategyType<IntrospectionConfig> = {
  type: "introspection",
  schema: introspectionSchema,
  create: (config, { log }) =>
    introspectionStrategy(config, {
      now: Date.now,
      ask: (token) => introspect(token, config),
      onFailure: (message) => log.warn(`${config.endpoint} cannot be asked for tokens: ${message}`),
    }),
};

export interface IntrospectionHost {
  /** Ms since 1970. */
  readonly now: () => number;
  /** Throws when the server cannot be asked. */
  readonly ask: (token: string) => Promise<Introspected>;
  /** The first failure after an answer. */
  readonly onFailure: (message: string) => void;
}

const challenge = 'Bearer realm="api"';
/** RFC 6750, section 3.1. */
const invalidToken = `${challenge}, error="invalid_token"`;
/** Seconds: as long as a server that failed is left alone where an old answer will do. */
const retryAfter = 1;

/** @throws Error for a client that cannot show who it is */
export function introspectionStrategy(config: IntrospectionConfig, host: IntrospectionHost): Strategy {
  checkClient(config);
  const cache = new LookupCache<Verdict>({
    most: config.cache,
    pause: retryAfter * 1000,
    isGood: ({ kind }) => kind === "identity",
    now: host.now,
  });
  const attempts = new Attempts("introspection", config.attempts);
  let isFailing = false;

  function authenticate(request: PluginRequest, ctx: AuthContext): Verdict | Promise<Verdict> {
    const token = bearerTokenIn(request, config);
    if (token === null) return absent;
    if (token === twice) return refused("ambiguous", invalidToken);
    if (!isBearerToken(token)) return refused("malformed", invalidToken);
    const key = digestOf(token);
    const known = cache.known(key);
    if (known !== null) return pass(known, request);
    const wait = attempts.wait(ctx);
    if (wait > 0) return { kind: "refused", reason: "too_many", status: 429, retryAfter: wait };
    const verdict = lookUp(key, token, ctx);
    ctx.waitUntil(verdict);
    return verdict.then((found) => pass(found, request));
  }

  async function lookUp(key: string, token: string, ctx: AuthContext): Promise<Verdict> {
    try {
      const verdict = await cache.ask(key, () => find(token));
      if (verdict.kind === "refused") attempts.take(ctx);
      return verdict;
    } catch {
      return { kind: "refused", reason: "unavailable", status: 503, retryAfter };
    }
  }

  async function find(token: string): Promise<Found<Verdict>> {
    const answer = await ask(token);
    const now = host.now();
    const verdict = verdictOn(answer, config, now);
    if (answer === null || verdict.kind !== "identity") {
      const until = now + config.inactiveFor * 1000;
      return { value: verdict, freshUntil: until, staleUntil: until };
    }
    const ends = endOf(answer);
    const freshUntil = Math.min(now + config.cacheFor * 1000, ends);
    return { value: verdict, freshUntil, staleUntil: Math.min(freshUntil + config.staleFor * 1000, ends) };
  }

  async function ask(token: string): Promise<Introspected> {
    try {
      const answer = await questionTurns.take(() => host.ask(token));
      isFailing = false;
      return answer;
    } catch (error) {
      if (!isFailing && !(error instanceof Busy)) host.onFailure((error as Error).message);
      isFailing ||= !(error instanceof Busy);
      throw error;
    }
  }

  function pass(verdict: Verdict, request: PluginRequest): Verdict {
    if (!config.forward && verdict.kind === "identity") removeCredential(request, config);
    return verdict;
  }

  return {
    name: "introspection",
    challenge,
    async start() {
      // No server knows this one, but it has to say so: the address is right, and this proxy may ask.
      await host.ask(crypto.randomUUID());
    },
    authenticate,
  };
}

function verdictOn(answer: Introspected, config: IntrospectionConfig, now: number): Verdict {
  if (answer === null) return refused("inactive", invalidToken);
  const reason = reasonAgainst(answer, config, now);
  if (reason !== null) return refused(reason, invalidToken);
  const identity = identityOf(answer, config, "introspection");
  return identity === null ? refused("subject", invalidToken) : { kind: "identity", identity };
}

function checkClient({ clientId, clientSecret, clientAuth }: IntrospectionConfig): void {
  if (clientAuth === "none") return;
  if (clientSecret === "") throw new Error("there is no clientSecret, and clientAuth is not none");
  if (clientAuth !== "bearer" && clientId === "") throw new Error("there is no clientId");
}

const encoder = new TextEncoder();

/** The tokens themselves are not kept: who reads this memory can use none. */
function digestOf(token: string): string {
  return String.fromCharCode(...sha256(encoder.encode(token)));
}
