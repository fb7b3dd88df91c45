/** One config of the policy, made ready for requests. */
import type { Identity, PluginRequest, PluginResponse, SetupHost } from "sluice/sdk";
import { authenticate, type Outcome } from "./chain.ts";
import { checkConfig } from "./check-config.ts";
import type { AuthConfig } from "./config.ts";
import { IdentityHeaders } from "./identity-headers.ts";
import { InternalTokens } from "./internal-token.ts";
import { inTime } from "./oidc/in-time.ts";
import { denial, forbidden } from "./refusal.ts";
import { strategyTypes } from "./strategies.ts";
import type { AuthContext, Invite, Refused, Strategy } from "./strategy.ts";
import { Busy } from "./turns.ts";

type Answer = Response | undefined;

/** Ms for the answer, when a phase is nearly over. Strategies that have an answer of their own leave more. */
const margin = 50;

export interface Policy {
  /** The reply to a request that may not go on. */
  admit(request: PluginRequest, ctx: AuthContext): Answer | Promise<Answer>;
  /** What the strategies add to a response. */
  respond(response: PluginResponse, ctx: AuthContext): void;
}

/** @throws Error when a strategy's config makes no sense, or one is not ready that has to be */
export async function policyOf(config: AuthConfig, host: SetupHost): Promise<Policy> {
  const strategies: Strategy[] = [];
  for (const [index, settings] of config.strategies.entries()) {
    strategies.push(await strategyOf(settings, host, `config/strategies/${index}`));
  }
  const fields = new IdentityHeaders(
    config.identityHeaders,
    strategies.flatMap(({ ownFields = [] }) => ownFields),
  );
  const { token } = config.identityHeaders;
  const tokens = token === undefined ? null : await InternalTokens.from(token, Date.now);

  function admit(request: PluginRequest, ctx: AuthContext): Answer | Promise<Answer> {
    const answer = decide(request, ctx);
    if (!(answer instanceof Promise)) return answer;
    // Whoever makes it wait gets 503 alone: phases that take too long are faults, and after some nobody is served.
    const inTimeAnswer = inTime<Answer>(answer, ctx, () => tooMuch(ctx), undefined, margin);
    return inTimeAnswer.catch((error) => {
      if (error instanceof Busy) return tooMuch(ctx);
      throw error;
    });
  }

  /** Nobody is let in who could not be looked at, and nothing is said of the credentials. */
  function tooMuch({ metrics }: AuthContext): Response {
    metrics.counter("refused_busy");
    metrics.counter("denied");
    return denial(strategies, [{ kind: "refused", reason: "busy", status: 503, retryAfter: 1 }]);
  }

  function decide(request: PluginRequest, ctx: AuthContext): Answer | Promise<Answer> {
    // First of all: whatever comes of it, nobody behind this policy sees what a client says of itself.
    fields.strip(request.headers);
    const outcome = authenticate(strategies, config.require, request, ctx);
    return outcome instanceof Promise
      ? outcome.then((late) => conclude(late, request, ctx))
      : conclude(outcome, request, ctx);
  }

  function conclude(outcome: Outcome, request: PluginRequest, ctx: AuthContext): Answer | Promise<Answer> {
    if (outcome.kind === "respond") return outcome.response;
    if (outcome.kind === "denied") {
      for (const { reason } of outcome.refusals) ctx.metrics.counter(`refused_${reason}`);
      ctx.metrics.counter("denied");
      return deny(outcome.refusals, outcome.invites);
    }
    if (outcome.kind === "identity") ctx.identity = outcome.identity;
    // Another policy of this kind may have known it: its fields were removed as well.
    const identity = outcome.kind === "identity" ? outcome.identity : ctx.identity;
    if (!mayPass(identity, config)) {
      ctx.metrics.counter("forbidden");
      if (identity !== null) return forbidden(config.requireScopes, isBearer);
      return deny([], outcome.kind === "nobody" ? outcome.invites : []);
    }
    for (const strategy of concealing) strategy.conceal!(request);
    if (identity === null) return undefined;
    fields.set(request.headers, identity);
    return tokens === null ? undefined : addToken(tokens, identity, request);
  }

  /** A client that can be asked for credentials is asked, unless others cannot be checked or are no use. */
  function deny(refusals: readonly Refused[], invites: readonly Invite[]): Response | Promise<Response> {
    const isPlain = refusals.every(({ status = 401 }) => status === 401);
    for (const invite of isPlain ? invites : []) {
      const answer = invite();
      if (answer !== null) return answer;
    }
    return denial(strategies, refusals);
  }

  function respond(response: PluginResponse, ctx: AuthContext): void {
    for (const strategy of responding) strategy.respond!(response, ctx);
  }

  const concealing = strategies.filter(({ conceal }) => conceal !== undefined);
  const responding = strategies.filter(({ respond: own }) => own !== undefined);
  if (responding.length === 0) host.skip("onResponse");
  const isBearer = strategies.some(({ challenge }) => challenge?.startsWith("Bearer"));
  return { admit, respond };
}

function addToken(
  tokens: InternalTokens,
  identity: Identity,
  { headers }: PluginRequest,
): undefined | Promise<undefined> {
  const token = tokens.of(identity);
  if (typeof token === "string") {
    headers.set(tokens.header, token);
    return undefined;
  }
  return token.then((signed) => {
    headers.set(tokens.header, signed);
    return undefined;
  });
}

function mayPass(identity: Identity | null, { requireScopes, requireGroups }: AuthConfig): boolean {
  if (requireScopes.length === 0 && requireGroups.length === 0) return true;
  if (identity === null) return false;
  const { scopes, groups } = identity;
  return (
    requireScopes.every((scope) => scopes.includes(scope)) &&
    (requireGroups.length === 0 || requireGroups.some((group) => groups.includes(group)))
  );
}

async function strategyOf(
  { type, onStart, ...settings }: AuthConfig["strategies"][number],
  host: SetupHost,
  place: string,
): Promise<Strategy> {
  const found = strategyTypes.find((known) => known.type === type);
  if (found === undefined) {
    const names = strategyTypes.map((known) => known.type).join(", ");
    throw new Error(`${place}/type is not one of ${names}`);
  }
  let strategy: Strategy;
  try {
    strategy = found.create(checkConfig(found.schema, settings, place) as never, host);
    await strategy.start?.();
    return strategy;
  } catch (error) {
    // What was started stays closed by itself; what could not be made cannot.
    const { message } = error as Error;
    if (onStart === "refuse" || strategy! === undefined) {
      throw new Error(message.startsWith(place) ? message : `Cannot use ${place}: ${message}`);
    }
    host.log.warn(`${place} is not ready, and refuses requests until it is: ${message}`);
    return strategy;
  }
}
