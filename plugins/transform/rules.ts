import type { ConfigOf } from "sluice/sdk";
import { type Condition, conditionOf } from "./condition.ts";
import type { schema } from "./config.ts";
import { type Conversion, conversionOf } from "./conversion.ts";
import { type Edits, editsOf } from "./entries.ts";
import { type EditSettings, type JsonEdit, jsonEdit } from "./json-edits.ts";
import { type SetCookieEdit, setCookieEdit } from "./set-cookies.ts";
import { type Splice, spliceOf } from "./splice.ts";
import type { StreamRule } from "./stream/due-stream.ts";
import { textsOf } from "./stream/texts.ts";
import { parseTemplate, type Template } from "./template.ts";

export type Config = ConfigOf<typeof schema>;
type RuleConfig = Config["request"][number];

/** What happens to a message that its condition is for. */
export interface Rule {
  readonly when: Condition;
  readonly headers: Edits | null;
  readonly json: readonly JsonEdit[];
  /** Does what `json` does, for most documents; null: it needs them read. */
  readonly splice: Splice | null;
  readonly convert: Conversion | null;
  /** Null: it does nothing to bodies as they pass. */
  readonly stream: StreamRule | null;
}

export interface RequestRule extends Rule {
  readonly query: Edits | null;
  readonly cookies: Edits | null;
  readonly path: Template | null;
}

export interface ResponseRule extends Rule {
  readonly status: number | null;
  readonly setCookies: SetCookieEdit | null;
}

/** A config as its messages need it. */
export interface Rules {
  readonly request: readonly RequestRule[];
  readonly response: readonly ResponseRule[];
  /** Fields of the request that rules of the response read. */
  readonly kept: readonly string[];
  readonly readsResponse: boolean;
  /** Whether a body may have to be edited as it passes. */
  readonly streams: { readonly request: boolean; readonly response: boolean };
  readonly mostDepth: number;
  /** Characters of a line or an event. */
  readonly longestLine: number;
  /** Whether a body that cannot be read goes on as it is. */
  readonly lets: boolean;
}

/** @throws Error for a rule that could not be followed */
export function rulesOf(config: Config): Rules {
  const templates: Template[] = [];
  const settings: EditSettings = {
    key: config.maskKey,
    depth: config.maxDepth,
    expressions: { time: config.expressionTime, depth: config.maxDepth, size: config.maxResult },
  };
  const request = config.request.map((rule, index) =>
    placed(`request.${index}`, () => ({
      ...ruleOf(rule, "request", settings, []),
      query: editsOf(rule.query, "query", false),
      cookies: cookieEdits(rule),
      path: rule.path === undefined ? null : pathOf(rule.path),
    })),
  );
  const response = config.response.map((rule, index) =>
    placed(`response.${index}`, () => ({
      ...ruleOf(rule, "response", settings, templates),
      status: rule.status ?? null,
      setCookies: setCookieEdit(rule.setCookies),
    })),
  );
  return {
    request,
    response,
    kept: [...new Set(templates.flatMap(({ requestFields }) => requestFields))],
    readsResponse:
      response.some(({ json, convert }) => json.length > 0 || convert !== null) || streams(response),
    streams: { request: streams(request), response: streams(response) },
    mostDepth: config.maxDepth,
    longestLine: config.maxLine,
    lets: config.unreadable === "pass",
  };
}

/** An error says which rule it is about. */
function placed<Result>(place: string, make: () => Result): Result {
  try {
    return make();
  } catch (error) {
    throw new Error(`Cannot use ${place}: ${(error as Error).message.replace(/^Cannot use /, "")}`);
  }
}

function ruleOf(
  rule: Pick<RuleConfig, "when" | "headers" | "json" | "convert" | "lines" | "texts">,
  side: string,
  settings: EditSettings,
  templates: Template[],
): Rule {
  const headers = editsOf(rule.headers, `${side} headers`, true);
  templates.push(...(headers?.values ?? []).map(({ value }) => value));
  return {
    when: conditionOf(rule.when),
    headers,
    json: rule.json.map((edit) => jsonEdit(edit, settings, templates)),
    splice: rule.convert === undefined ? spliceOf(rule.json, settings) : null,
    convert: conversionOf(rule.convert, settings.depth),
    stream: streamRule(rule, settings, templates),
  };
}

function streamRule(
  { lines, texts }: Pick<RuleConfig, "lines" | "texts">,
  settings: EditSettings,
  templates: Template[],
): StreamRule | null {
  if (lines.length + texts.length === 0) return null;
  const edits = lines.map((edit) => jsonEdit(edit, settings, templates));
  return { texts: textsOf(texts), lines: edits, splice: spliceOf(lines, settings) };
}

function streams(rules: readonly Rule[]): boolean {
  return rules.some(({ stream }) => stream !== null);
}

function cookieEdits(rule: RuleConfig): Edits | null {
  const edits = editsOf(rule.cookies, "cookies", false);
  const names = [...(edits?.rename.flat() ?? []), ...(edits?.values ?? []).map(({ name }) => name)];
  const wrong = names.find((name) => !/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name));
  if (wrong === undefined) return edits;
  throw new Error(`Cannot use cookies: ${JSON.stringify(wrong)} is no name of a cookie`);
}

function pathOf(text: string): Template {
  if (!text.startsWith("/")) throw new Error(`Cannot use path: expected ${text} to begin with /`);
  return parseTemplate(text, "path");
}
