import t from "tap";
import { loadConfig } from "../../core/config/load.ts";
import { ConfigError } from "../../core/config/problem.ts";

const load = (discovery: string) =>
  loadConfig("sluice.yaml", `clusters:\n  app: { discovery: ${discovery} }\n`, { env: {} });

function problems(discovery: string): string[] {
  try {
    load(discovery);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`);
  }
}

t.test(
  "the name servers of a discovery are those of the system, or addresses with a port or without",
  async (t) => {
    t.same(load('{ dns: "api.internal:80" }').clusters[0]!.discovery, {
      kind: "dns",
      host: "api.internal",
      port: 80,
    });
    const resolvers = ["10.0.0.2", "10.0.0.3:5353", "fd00::2", "[fd00::3]:53"];
    const text = JSON.stringify(resolvers);
    t.match(load(`{ dns: "api.internal:80", resolvers: ${text} }`).clusters[0]!.discovery, { resolvers });
    t.match(load(`{ srv: _http._tcp.api.internal, resolvers: ${text} }`).clusters[0]!.discovery, {
      resolvers,
    });
  },
);

t.test("what is no name server is told with its place", async (t) => {
  for (const text of ["ns.internal", "10.0.0.2:0", "10.0.0.2:66000", "fd00::2:", "10.0.0", "[10.0.0.2]:53"]) {
    t.match(
      problems(`{ srv: _http._tcp.api.internal, resolvers: ["${text}"] }`),
      [/^2:65: expected the address of a name server such as .*, found /],
      text,
    );
  }
  t.match(problems('{ dns: "api.internal:80", resolvers: [] }'), [/^2:\d+: expected at least one entry/]);
  t.match(problems("{ file: a.yaml, resolvers: [10.0.0.2] }"), [
    /^2:\d+: expected resolvers only beside dns or srv/,
  ]);
});
