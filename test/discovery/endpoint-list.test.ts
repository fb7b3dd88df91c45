import t from "tap";
import { ConfigError } from "../../core/config/problem.ts";
import { parseEndpointList } from "../../core/discovery/endpoint-list.ts";

const plain = { weight: 1, zone: null, priority: 0 };

function problemsOf(text: string, secure = false): string[] {
  try {
    parseEndpointList("e.yaml", text, secure);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split("\n");
  }
}

t.test("a list holds texts and maps, in YAML or JSON", async (t) => {
  const yaml = `
# who serves
- 10.0.0.1:80
- "[fd00::1]:81"
- api.internal:82
- { url: "http://10.0.0.2", weight: 3 }
- host: fd00::2
  port: 83
  zone: west
  priority: 2
`;
  const json = JSON.stringify([
    "10.0.0.1:80",
    "[fd00::1]:81",
    "api.internal:82",
    { url: "http://10.0.0.2:80", weight: 3 },
    { host: "fd00::2", port: 83, zone: "west", priority: 2 },
  ]);
  const expected = [
    { host: "10.0.0.1", port: 80, ...plain },
    { host: "fd00::1", port: 81, ...plain },
    { host: "api.internal", port: 82, ...plain },
    { host: "10.0.0.2", port: 80, ...plain, weight: 3 },
    { host: "fd00::2", port: 83, weight: 1, zone: "west", priority: 2 },
  ];
  t.same(parseEndpointList("e.yaml", yaml, false), expected);
  t.same(parseEndpointList("e.json", json, false), expected);
});

t.test("an empty list is a list, an empty file is none", async (t) => {
  t.same(parseEndpointList("e.yaml", "[]", false), []);
  t.same(problemsOf(""), ["e.yaml:1:1: expected a list of endpoints, found nothing"]);
  t.same(problemsOf("# nothing yet\n"), ["e.yaml:1:1: expected a list of endpoints, found nothing"]);
});

t.test("everything that is wrong is told with its place", async (t) => {
  const text = `- 10.0.0.1
- { host: 10.0.0.1, port: 0 }
- { host: "a b", port: 80 }
- { host: a }
- { host: a, port: 80, wieght: 2 }
- { host: a, port: 80, weight: 0, zone: 7, priority: 16 }
- { url: "https://a" }
- { url: "http://a/path" }
- { url: "unix:/run/a.sock" }
- { url: "http://a", port: 80 }
- 80
- [a, b]
`;
  const places = problemsOf(text).map((problem) => problem.replace(/: expected.*|: unknown.*/s, ""));
  t.same(places, [
    "e.yaml:1:3",
    "e.yaml:2:27",
    "e.yaml:3:11",
    "e.yaml:4:3",
    "e.yaml:5:24",
    "e.yaml:6:32",
    "e.yaml:6:41",
    "e.yaml:6:54",
    "e.yaml:7:10",
    "e.yaml:8:10",
    "e.yaml:9:10",
    "e.yaml:10:22",
    "e.yaml:11:3",
    "e.yaml:12:3",
  ]);
});

t.test("a message says what was expected and what was found", async (t) => {
  t.same(problemsOf("- { host: a, port: 80, wieght: 2 }"), [
    'e.yaml:1:24: unknown key "wieght", expected one of url, host, port, weight, zone, priority',
  ]);
  t.same(problemsOf('- { host: a, port: "80" }'), [
    'e.yaml:1:20: expected a whole number from 1 to 65535, found "80"',
  ]);
  t.same(problemsOf("hosts: [a]"), ["e.yaml:1:1: expected a list of endpoints, found a map"]);
});

t.test(
  "a url has the scheme that the cluster speaks: nothing is sent in plain text by mistake",
  async (t) => {
    t.match(
      problemsOf('- { url: "https://a" }', false)[0],
      /as the cluster speaks http, found "https:\/\/a"/,
    );
    t.match(problemsOf('- { url: "http://a" }', true)[0], /as the cluster speaks https, found "http:\/\/a"/);
    t.same(parseEndpointList("e.yaml", '- { url: "https://a" }', true), [{ host: "a", port: 443, ...plain }]);
  },
);

t.test("what is no YAML is told with its place", async (t) => {
  t.match(problemsOf("- a:80\n- [b"), [/^e\.yaml:2:\d+: expected YAML/]);
  t.match(problemsOf("- a:80\n- { host: a, port: 1, port: 2 }"), [/^e\.yaml:2:\d+: expected each key once/]);
});

t.test("aliases that multiply, and lists that are too long, are refused", async (t) => {
  const levels = ["a", "b", "c", "d"].map((name, depth) => {
    const below = depth === 0 ? "a:80" : `*${"abcd"[depth - 1]}`;
    return `- &${name} [${Array(20).fill(below).join(", ")}]`;
  });
  t.match(problemsOf(levels.join("\n")), [/expected aliases that stand for at most 1000 values/]);
  t.match(problemsOf("- a:80\n".repeat(4097)), [
    /^e\.yaml:4097:3: expected at most 4096 endpoints, found 4097/,
  ]);
  t.match(problemsOf(`- a:80 ${"#".repeat(3 * 1024 * 1024)}`), [/expected at most 2097152 characters/]);
  t.equal(problemsOf("- a\n".repeat(100)).length, 20, "and no more than 20 problems are kept");
});
