import t from "tap";
import { componentNames } from "../../../sdk/runtime/url/pattern/init.ts";
import { URLPattern, type URLPatternResult } from "../../../sdk/runtime/url/url-pattern.ts";
import { bindWebHost } from "../../sandbox/web/host.ts";
import { missing, readWpt } from "./data.ts";
import { type Excuse, Judge } from "./judge.ts";

interface PatternCase {
  readonly pattern: ConstructorParameters<typeof URLPattern>;
  readonly inputs?: Parameters<URLPattern["exec"]>;
  readonly exactly_empty_components?: readonly string[];
  readonly expected_obj?: "error" | Readonly<Record<string, string>>;
  readonly expected_match?: "error" | null | Readonly<Record<string, ExpectedPart>>;
}

interface ExpectedPart {
  readonly input: string;
  readonly groups: Readonly<Record<string, string | null>>;
}

const setOperations: Excuse = {
  reason: "sets of characters need flag v, which not every engine has",
  cases: /--|&&/,
};

const judge = new Judge([setOperations]);

bindWebHost();

t.test("urlpatterntestdata.json: URLPattern matches as browsers do", { skip: missing }, async (t) => {
  const cases = readWpt<PatternCase[]>("urlpattern/resources/urlpatterntestdata.json");
  judge.judge(t, cases, ({ pattern, inputs }) => JSON.stringify({ pattern, inputs }), problem);
});

t.test("every excuse is needed", { skip: missing }, async (t) => {
  t.same(judge.idle(), []);
});

function problem({ pattern, inputs, expected_obj, expected_match }: PatternCase): string | null {
  const made = attempt(() => new URLPattern(...pattern));
  if (made === "error" || expected_obj === "error") return made === expected_obj ? null : `made ${made}`;
  const wrong = componentNames.find(
    (name) => expected_obj?.[name] !== undefined && expected_obj[name] !== made[name],
  );
  if (wrong !== undefined) return `${wrong} is ${made[wrong]}`;
  const found = attempt(() => made.exec(...(inputs ?? [])));
  if (found === "error" || expected_match === "error")
    return found === expected_match ? null : `matched ${found}`;
  return matchProblem(found, expected_match ?? null);
}

function matchProblem(
  found: URLPatternResult | null,
  expected: Readonly<Record<string, ExpectedPart>> | null,
): string | null {
  if (found === null || expected === null) return found === expected ? null : `matched: ${found !== null}`;
  const wrong = componentNames.find((name) => {
    const part = expected[name];
    return part !== undefined && !isSamePart(found[name], part);
  });
  return wrong === undefined ? null : `${wrong} matched ${JSON.stringify(found[wrong])}`;
}

/** JSON has no undefined: a group that took no part is null in the data. */
function isSamePart(found: URLPatternResult["hash"], expected: ExpectedPart): boolean {
  const names = Object.keys(expected.groups);
  return (
    found.input === expected.input &&
    Object.keys(found.groups).length === names.length &&
    names.every((name) => name in found.groups && (found.groups[name] ?? null) === expected.groups[name])
  );
}

function attempt<T>(action: () => T): T | "error" {
  try {
    return action();
  } catch {
    return "error";
  }
}
