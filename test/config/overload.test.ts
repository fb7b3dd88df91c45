/** Limits of clusters and priorities of routes, as a file says them. */
import t from "tap";
import { loadConfig } from "../../core/config/load.ts";
import { ConfigError, formatProblem } from "../../core/config/problem.ts";

const endpoints = 'endpoints: ["http://127.0.0.1:3000"]';

function cluster(settings: string) {
  const { maxRequests, maxRetries, concurrency } = load(`clusters: { app: { ${endpoints}${settings} } }`)
    .clusters[0]!;
  return { maxRequests, maxRetries, concurrency };
}

function route(priority: string) {
  const text = `clusters: { app: { ${endpoints} } }\nroutes: [{ cluster: app${priority} }]`;
  const { priority: resolved, priorityHeader } = load(text).routes[0]!;
  return { priority: resolved, priorityHeader };
}

function load(text: string) {
  return loadConfig("sluice.yaml", text, { env: {} });
}

function problems(read: () => unknown): string[] {
  try {
    read();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(formatProblem);
  }
}

t.test("a cluster has no limits of its own unless it is given some", async (t) => {
  t.same(cluster(""), { maxRequests: null, maxRetries: null, concurrency: null });
  t.same(cluster(", maxRequests: 100, maxRetries: 0"), {
    ...{ maxRequests: 100, maxRetries: 0, concurrency: null },
  });
});

t.test("an adaptive limit has defaults for all that it is not told", async (t) => {
  const defaults = { least: 4, most: 1000, tolerance: 1.5 };
  t.same(cluster(", concurrency: { adaptive: true }").concurrency, defaults);
  t.same(cluster(", concurrency: { adaptive: {} }").concurrency, defaults);
  t.equal(cluster(", concurrency: { adaptive: false }").concurrency, null);
  t.same(cluster(", concurrency: { adaptive: { most: 50, tolerance: 2 } }").concurrency, {
    ...{ least: 4, most: 50, tolerance: 2 },
  });
});

t.test("limits that cannot be are told with their place", async (t) => {
  const told = (settings: string) => problems(() => cluster(settings)).join("\n");
  t.match(told(", maxRequests: 0"), "sluice.yaml:1:71: expected a whole number from 1 to 1000000, found 0");
  t.match(told(", maxRetries: -1"), "sluice.yaml:1:70: expected a whole number from 0 to 1000000, found -1");
  t.match(told(", concurrency: {}"), /^sluice\.yaml:1:\d+.*adaptive/);
  t.match(
    told(", concurrency: { adaptive: { tolerance: 1 } }"),
    /^sluice\.yaml:1:\d+: expected a number from 1.1 to 10, found 1$/,
  );
  t.match(
    told(", concurrency: { adaptive: { least: 9, most: 8 } }"),
    /^sluice\.yaml:1:\d+.*expected least to be at most most, found 9 and 8$/,
  );
});

t.test("a priority is a number, or what a field says", async (t) => {
  t.same(route(""), { priority: 1, priorityHeader: null });
  t.same(route(", priority: 3"), { priority: 3, priorityHeader: null });
  t.same(route(", priority: { header: X-Priority }"), {
    ...{ priority: 1, priorityHeader: { name: "x-priority", fromAnyone: false } },
  });
  t.same(route(", priority: { header: x-p, default: 2, from: anyone }"), {
    ...{ priority: 2, priorityHeader: { name: "x-p", fromAnyone: true } },
  });
});

t.test("a priority that cannot be is told with its place", async (t) => {
  const told = (priority: string) => problems(() => route(`, priority: ${priority}`)).join("\n");
  for (const priority of ["4", "-1", "1.5", "high", "[1]"]) {
    t.match(told(priority), /^sluice\.yaml:2:\d+.*expected a whole number from 0 to 3, or/, priority);
  }
  t.match(told("{ default: 1 }"), /^sluice\.yaml:2:\d+.*expected header beside default/);
  for (const name of [
    "'a b'",
    "host",
    "Content-Length",
    "transfer-encoding",
    "connection",
    "x-forwarded-for",
    "x-request-id",
  ]) {
    t.match(
      told(`{ header: ${name} }`),
      /^sluice\.yaml:2:\d+.*the name of a field such as "x-priority"/,
      name,
    );
  }
});
