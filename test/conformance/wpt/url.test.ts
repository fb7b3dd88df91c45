import t from "tap";
import { URL } from "../../../sdk/runtime/url/url.ts";
import { bindWebHost } from "../../sandbox/web/host.ts";
import { missing, readWpt } from "./data.ts";
import { Judge } from "./judge.ts";
import { denoUrlExcuses } from "./url-excuses.ts";

interface ParseCase {
  readonly input: string;
  readonly base?: string | null;
  readonly failure?: boolean;
  readonly [component: string]: unknown;
}

interface SetterCase {
  readonly href: string;
  readonly new_value: string;
  readonly expected: Readonly<Record<string, string>>;
}

const components = [
  "href",
  "origin",
  "protocol",
  "username",
  "password",
  "host",
  "hostname",
  "port",
  "pathname",
  "search",
  "hash",
] as const;

const judge = new Judge("Deno" in globalThis ? denoUrlExcuses : []);

bindWebHost();

t.test("urltestdata.json: URL parses and takes apart as browsers do", { skip: missing }, async (t) => {
  for (const file of ["urltestdata.json", "urltestdata-javascript-only.json"]) {
    const cases = readWpt<(ParseCase | string)[]>(`url/resources/${file}`).filter(
      (item) => typeof item !== "string",
    );
    judge.judge(t, cases, parseName, parseProblem);
  }
});

t.test(
  "setters_tests.json: what is assigned to a component ends as it does in browsers",
  { skip: missing },
  async (t) => {
    const tests = readWpt<Record<string, SetterCase[]>>("url/resources/setters_tests.json");
    for (const [component, cases] of Object.entries(tests)) {
      if (component === "comment") continue;
      const name = (item: SetterCase) => `${item.href} ${component}=${JSON.stringify(item.new_value)}`;
      judge.judge(t, cases, name, (item) => setterProblem(component, item));
    }
  },
);

t.test("toascii.json: hosts are encoded as in browsers", { skip: missing }, async (t) => {
  const cases = readWpt<(string | { input: string; output: string | null })[]>(
    "url/resources/toascii.json",
  ).filter((item) => typeof item !== "string");
  const problem = ({ input, output }: { input: string; output: string | null }) => {
    const found = URL.parse(`https://${input}/x`)?.hostname ?? null;
    return found === output ? null : `${found}, not ${output}`;
  };
  judge.judge(t, cases, ({ input }) => `toascii ${JSON.stringify(input)}`, problem);
});

t.test("every excuse is needed", { skip: missing }, async (t) => {
  t.same(judge.idle(), []);
});

function parseName({ input, base }: ParseCase): string {
  return `${JSON.stringify(input)}${base ? ` on ${base}` : ""}`;
}

function parseProblem(item: ParseCase): string | null {
  const url = URL.parse(item.input, item.base ?? undefined);
  if (url === null) return item.failure ? null : "refused";
  if (item.failure) return `parsed as ${url.href}`;
  return difference(url, item);
}

function setterProblem(component: string, item: SetterCase): string | null {
  const url = new URL(item.href);
  Reflect.set(url, component, item.new_value);
  return difference(url, item.expected);
}

function difference(url: URL, expected: Readonly<Record<string, unknown>>): string | null {
  const wrong = components.filter((name) => expected[name] !== undefined && url[name] !== expected[name]);
  return wrong.length === 0
    ? null
    : wrong.map((name) => `${name} ${url[name]}, not ${expected[name]}`).join("; ");
}
