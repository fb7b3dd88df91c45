import type { Facts } from "../shared/cel/request-facts.ts";
import type { BodyLimits } from "./body-limits.ts";
import { type Condition, type Config, conditionsOf, type RuleConfig } from "./conditions.ts";

export interface Rule {
  /** As the operator says, or `deny[0]`. */
  readonly name: string;
  readonly status: Status;
  readonly conditions: readonly Condition[];
}

export type Status = 401 | 403 | 404;

export interface Rules {
  readonly deny: readonly Rule[];
  readonly allow: readonly Rule[];
  /** Null: bodies are not looked at. */
  readonly body: BodyLimits | null;
  readonly default: "allow" | "deny";
  readonly status: Status;
  /** Value of WWW-Authenticate; null: none. */
  readonly challenge: string | null;
  readonly showRule: boolean;
  /** As in Via: a 404 says it. */
  readonly proxyName: string;
}

export interface Refusal {
  readonly status: Status;
  /** `default` when none refused it, but none let it pass either. */
  readonly rule: string;
}

/** Hears of an expression that came to no value. */
export type OnError = (rule: string, error: unknown) => void;

/** @throws Error that says which rule is wrong, and why */
export function rulesOf(config: Config): Rules {
  const { status, showRule, proxyName } = config;
  if (config.challenge === true)
    throw new Error("Cannot use challenge: it is true, which says nothing of how to authenticate");
  const challenge = config.challenge === false ? null : config.challenge;
  const deny = config.deny.map((rule, index) => ruleOf(rule, `deny[${index}]`, status));
  const allow = config.allow.map((rule, index) => ruleOf(rule, `allow[${index}]`, status));
  // RFC 9110 section 15.5.2: a 401 says how to authenticate.
  if (challenge === null && (status === 401 || deny.some((rule) => rule.status === 401))) {
    throw new Error("Cannot use status: 401 without challenge");
  }
  if (config.allow.some((rule) => rule.status !== undefined)) {
    throw new Error("Cannot use status in a rule of allow: it refuses nothing");
  }
  return {
    deny,
    allow,
    body: config.body === undefined ? null : bodyLimitsOf(config.body),
    default: config.default ?? (allow.length > 0 ? "deny" : "allow"),
    status,
    challenge,
    showRule,
    proxyName,
  };
}

function bodyLimitsOf({ maxSize, contentTypes, json }: NonNullable<Config["body"]>): BodyLimits {
  return {
    maxSize: maxSize ?? null,
    contentTypes: contentTypes === undefined ? null : new Set(contentTypes),
    json: json ?? null,
  };
}

function ruleOf(config: RuleConfig, place: string, status: Status): Rule {
  try {
    const conditions = conditionsOf(config);
    if (conditions.length === 0) throw new Error("it has no condition, and would hold for every request");
    return { name: config.name ?? place, status: config.status ?? status, conditions };
  } catch (error) {
    throw new Error(`Cannot use rule ${place}: ${(error as Error).message}`);
  }
}

/**
 * Decides a request: a deny rule that holds refuses it; else an allow rule that holds lets it pass; else it is the
 * default. Within a list the first one that holds counts. An expression that comes to no value speaks for refusing: its deny
 * rule holds, its allow rule does not.
 *
 * @returns null: it may pass
 */
export function decide(rules: Rules, facts: Facts, onError: OnError): Refusal | null {
  for (const rule of rules.deny) {
    if (holds(rule, facts, true, onError)) return { status: rule.status, rule: rule.name };
  }
  for (const rule of rules.allow) {
    if (holds(rule, facts, false, onError)) return null;
  }
  if (rules.default === "allow") return null;
  const isStranger = rules.challenge !== null && facts.sender === null;
  return { status: isStranger ? 401 : rules.status, rule: "default" };
}

function holds({ name, conditions }: Rule, facts: Facts, onFailure: boolean, onError: OnError): boolean {
  for (const condition of conditions) {
    try {
      if (!condition(facts)) return false;
    } catch (error) {
      onError(name, error);
      return onFailure;
    }
  }
  return true;
}
