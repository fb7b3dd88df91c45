/** The conditions of a rule, compiled: each is a question about a request. */
import type { ConfigOf } from "sluice/sdk";
import { AddressSet } from "../shared/addresses/address-set.ts";
import { compileExpression } from "../shared/cel/expression.ts";
import { type Facts, valuesOf, variables } from "../shared/cel/request-facts.ts";
import type { schema } from "./config.ts";
import { entriesOf } from "./entries.ts";

export type Config = ConfigOf<typeof schema>;
export type RuleConfig = Config["deny"][number];

/** @throws Error when an expression comes to no value */
export type Condition = (facts: Facts) => boolean;

/** All that a rule says, the cheap ones first. */
export function conditionsOf(rule: RuleConfig): Condition[] {
  const conditions: (Condition | null)[] = [
    rule.methods ? isMethod(rule.methods) : null,
    rule.addresses !== undefined ? isFrom(rule.addresses) : null,
    rule.notAddresses !== undefined ? not(isFrom(rule.notAddresses)) : null,
    ...Object.entries(rule.headers ?? {}).map(([name, wanted]) => hasField(name, wanted)),
    rule.authenticated !== undefined ? isKnown(rule.authenticated) : null,
    rule.subjects ? isSubject(rule.subjects) : null,
    rule.scopes ? mayDo(rule.scopes) : null,
    rule.groups ? belongsTo(rule.groups) : null,
    ...Object.entries(rule.claims ?? {}).map(([name, wanted]) => hasClaim(name, wanted)),
    rule.userAgents !== undefined ? isAgent(rule.userAgents) : null,
    rule.expression !== undefined ? isTrue(rule.expression) : null,
  ];
  return conditions.filter((condition) => condition !== null);
}

type Scalar = string | number | boolean;

const listOf = <Item>(one: Item | readonly Item[]): readonly Item[] =>
  Array.isArray(one) ? one : [one as Item];

const not =
  (condition: Condition): Condition =>
  (facts) =>
    !condition(facts);

function isMethod(methods: readonly string[]): Condition {
  const set = new Set(methods);
  return ({ method }) => set.has(method);
}

function isFrom(list: string | readonly string[]): Condition {
  const set = new AddressSet(entriesOf(list));
  return ({ address }) => set.has(address);
}

function hasField(name: string, wanted: boolean | string | readonly string[]): Condition {
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name))
    throw new Error(`${JSON.stringify(name)} is not the name of a field`);
  if (typeof wanted === "boolean") return ({ headers }) => (headers.get(name) !== null) === wanted;
  const values = new Set(listOf(wanted));
  return ({ headers }) => {
    const value = headers.get(name);
    return value !== null && values.has(value);
  };
}

function isKnown(wanted: boolean): Condition {
  return ({ sender }) => (sender !== null) === wanted;
}

function isSubject(subjects: readonly string[]): Condition {
  return ({ sender }) => sender !== null && subjects.includes(sender.subject);
}

function mayDo(scopes: readonly string[]): Condition {
  return ({ sender }) => sender !== null && scopes.every((scope) => sender.scopes.includes(scope));
}

function belongsTo(groups: readonly string[]): Condition {
  return ({ sender }) => sender !== null && groups.some((group) => sender.groups.includes(group));
}

function hasClaim(name: string, wanted: Scalar | readonly Scalar[]): Condition {
  const values = new Set<unknown>(listOf<Scalar>(wanted));
  return ({ sender }) => {
    if (sender === null || !Object.hasOwn(sender.claims, name)) return false;
    return listOf(sender.claims[name]).some((value) => values.has(value));
  };
}

function isAgent(list: string | readonly string[]): Condition {
  const parts = entriesOf(list).map((part) => part.toLowerCase());
  if (parts.includes("")) throw new Error("userAgents: an empty text is part of every User-Agent");
  return ({ headers }) => {
    const agent = headers.get("user-agent")?.toLowerCase();
    return agent !== undefined && parts.some((part) => agent.includes(part));
  };
}

function isTrue(expression: string): Condition {
  const evaluate = compileExpression(expression, { result: "bool", variables });
  return (facts) => {
    const value = evaluate(valuesOf(facts));
    // What has no type before it is evaluated may turn out to be anything.
    if (typeof value !== "boolean") throw new Error("the expression is neither true nor false");
    return value;
  };
}
