// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to variables in a config file
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { parseEndpoint } from "../../core/config/endpoint.ts";
import { configFromFlags } from "../../core/config/from-flags.ts";
import { loadConfig, loadConfigFile } from "../../core/config/load.ts";
import { maskConfig } from "../../core/config/mask.ts";
import type { Overrides } from "../../core/config/overrides.ts";
import { ConfigError, formatProblem } from "../../core/config/problem.ts";

const app = 'clusters: { app: { endpoints: ["http://127.0.0.1:3000"] } }\n';

function load(text: string, env: NodeJS.ProcessEnv = {}, overrides: Overrides = {}) {
  return loadConfig("sluice.yaml", text, { env, overrides });
}

/** The problems of a text, as lines without the name of the file. */
function problems(text: string, env: NodeJS.ProcessEnv = {}, overrides: Overrides = {}): string[] {
  try {
    load(text, env, overrides);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => formatProblem(problem).replace("sluice.yaml:", ""));
  }
}

t.test("a file with one cluster means what the same upstream on the command line means", async (t) => {
  const flags = configFromFlags({ upstreams: [parseEndpoint("http://127.0.0.1:3000")!] });
  const file = load('clusters: { upstream: { endpoints: ["http://127.0.0.1:3000"] } }');
  t.same(file, flags);
});

t.test("units are resolved and defaults filled in", async (t) => {
  const config = load(`${app}
limits: { head: 16KiB, requestBody: 10MB }
timeouts: { head: 1.5s, keepAlive: 250 }
workers: auto
admin: false
`);
  t.match(config.limits, { head: 16_384, requestBody: 10_000_000, fields: 100 });
  t.match(config.timeouts, { head: 1500, keepAlive: 250, bodyIdle: 30_000 });
  t.ok(config.workers >= 1);
  t.equal(config.admin, null);
});

t.test("a route is written in short or in full", async (t) => {
  const { routes } = load(`
clusters:
  app: { endpoints: ["http://127.0.0.1:3000", { url: "http://127.0.0.1:3001", weight: 3 }] }
routes:
  - { cluster: app }
  - { path: /api/, cluster: app }
  - { path: "/users/{id}", cluster: app, methods: [PUT, GET, GET] }
  - { path: { exact: /healthz }, cluster: app, name: health }
  - { host: "*.Example.com", cluster: app, headers: { X-Beta: true, accept: text/html }, hostHeader: upstream }
  - { host: "[::1]", path: { template: "/{a}" }, cluster: app, hostHeader: "internal:80" }
`);
  t.match(
    routes.map(({ name }) => name),
    ["app", "app-2", "app-3", "health", "app-4", "app-5"],
  );
  t.match(routes[0], {
    host: "preserve",
    match: { host: null, path: { kind: "prefix", value: "/" }, methods: null },
  });
  t.same(routes[1]!.match.path, { kind: "prefix", value: "/api" });
  t.match(routes[2]!.match, { path: { kind: "template", value: "/users/{id}" }, methods: ["GET", "PUT"] });
  t.same(routes[3]!.match.path, { kind: "exact", value: "/healthz" });
  t.equal(routes[4]!.match.host, "*.example.com");
  t.same(routes[4]!.match.headers, [
    { name: "accept", value: "text/html" },
    { name: "x-beta", value: null },
  ]);
  t.equal(routes[4]!.host, "upstream");
  t.match(routes[5], { host: { literal: "internal:80" }, match: { host: "[::1]" } });
});

t.test("https endpoints imply verified TLS", async (t) => {
  const [cluster] = load(
    'clusters: { api: { endpoints: ["https://api.internal"], tls: { serverName: api.example.com } } }',
  ).clusters;
  t.same(cluster!.tls, { verify: true, ca: null, serverName: "api.example.com", cert: null, key: null });
  t.same(cluster!.endpoints, [
    {
      address: { host: "api.internal", port: 443 },
      weight: 1,
      zone: null,
      priority: 0,
      authority: "api.internal",
    },
  ]);
  t.equal(load(app).clusters[0]!.tls, null);
});

t.test("every problem is reported at once, in the order of the file", async (t) => {
  const text = `listeners:
  - adress: ":8080"
  - { address: ":8081", maxConnections: 0 }
  - { address: ":8081" }
clusters:
  app:
    endpoints: ["http://127.0.0.1:3000/base", { url: "http://127.0.0.1:3001", weight: 0 }]
    balance: random
    timeouts: { connect: 5sec, pending: 0ms }
routes:
  - { path: "/a/{id", cluster: app }
  - { path: /b, cluster: ap, methods: get }
limits: { head: 1, fields: 1.5 }
trustedProxies: ["10.0.0.0/33"]
workers: many
limts: {}
`;
  t.same(problems(text), [
    '2:5: expected key "address", found none',
    '2:5: unknown key "adress" (did you mean "address"?)',
    "3:41: expected a whole number from 1 to 1000000, found 0",
    '4:16: expected an address that neither admin nor another listener has, found ":8081"',
    '7:17: expected an endpoint such as "http://127.0.0.1:3000", "https://api.internal" or "unix:/run/app.sock", without a path, found "http://127.0.0.1:3000/base"',
    "7:87: expected a whole number from 1 to 10000, found 0",
    '8:14: expected "round-robin" or "least-requests" or "ewma" or "ring-hash" or "maglev", found "random"',
    '9:26: expected a duration such as "250ms", "10s", "5m", "1h" or a number of milliseconds, found "5sec"',
    '9:41: expected a duration from 10ms to 24h, found "0ms"',
    '11:13: expected a closing brace in "{id", found "/a/{id"',
    '12:26: expected the name of a cluster, one of app, found "ap" (did you mean "app"?)',
    '12:39: expected a list, found "get"',
    "13:17: expected a size from 1KiB to 16MiB, found 1",
    "13:28: expected a whole number from 10 to 10000, found 1.5",
    '14:18: expected an address or block such as 10.0.0.0/8 or fd00::/8, found "10.0.0.0/33"',
    '15:10: expected a whole number from 1 to 256, or "auto", found "many"',
    '16:1: unknown key "limts" (did you mean "limits"?)',
  ]);
});

const wrong: readonly (readonly [title: string, text: string, problem: string | RegExp])[] = [
  ["no cluster", "", "1:1: expected at least one cluster, or an upstream on the command line, found none"],
  ["a list for a map", "- 1", "1:1: expected a map, found a list"],
  ["a syntax error", "clusters: [", /^1:12: expected YAML, found a syntax error: /],
  ["a key twice", `${app}via: a\nvia: b`, "3:1: expected each key once, found it again"],
  ["two documents", `${app}---\n${app}`, "2:1: expected one document, found another one"],
  ["a tag", `${app}via: !!js/function x`, /^2:6: expected YAML, found a syntax error: Unresolved tag/],
  ["an alias to nothing", `${app}via: *x`, "2:6: expected an anchor before its alias, found *x"],
  ["an empty value", `${app}limits:`, "2:8: expected a map, found nothing"],
  [
    "an empty cluster",
    "clusters: { app: { endpoints: [] } }",
    "1:31: expected at least one entry, found an empty list",
  ],
  [
    "an endpoint of another type",
    "clusters: { app: { endpoints: [7] } }",
    "1:32: expected a text or a map, found 7",
  ],
  [
    "an endpoint twice",
    'clusters: { app: { endpoints: ["http://a", "http://a:80"] } }',
    "1:44: expected each endpoint once, found http://a:80 again",
  ],
  [
    "a threshold that is reached before anything is checked",
    'clusters: { app: { endpoints: ["http://a"], health: { healthyAfter: 0 } } }',
    /^1:69: expected .*, found 0/,
  ],
  [
    "http and https in one cluster",
    'clusters: { app: { endpoints: ["http://a", "https://b"] } }',
    "1:31: expected all endpoints with https or none, found both",
  ],
  [
    "tls without https",
    'clusters: { app: { endpoints: ["http://a"], tls: {} } }',
    "1:50: expected tls only beside https endpoints, found http endpoints",
  ],
  [
    "two clusters and no routes",
    'clusters: { a: { endpoints: ["http://a"] }, b: { endpoints: ["http://b"] } }',
    "1:1: expected routes to choose between 2 clusters, found none",
  ],
  [
    "the same match twice",
    `${app}routes: [{ cluster: app, name: one }, { cluster: app }]`,
    "2:39: expected a match that no other route has, found that of one",
  ],
  [
    "a route's name twice",
    `${app}routes: [{ cluster: app, name: a }, { cluster: app, name: a, path: /x }]`,
    '2:59: expected a name that no other route has, found "a"',
  ],
  [
    "a listener's name twice",
    `${app}listeners: [{ address: ":1", name: a }, { address: ":2", name: a }]`,
    '2:64: expected a name that no other listener has, found "a"',
  ],
  [
    "an admin address in use",
    `${app}listeners: [{ address: "127.0.0.1:9901" }]`,
    '2:24: expected an address that neither admin nor another listener has, found "127.0.0.1:9901"',
  ],
  [
    "a field name with a space",
    `${app}routes: [{ cluster: app, headers: { "a b": x } }]`,
    '2:37: expected a field name, found "a b"',
  ],
  [
    "a method in lower case",
    `${app}routes: [{ cluster: app, methods: [get] }]`,
    '2:36: expected a method in upper case such as GET, found "get"',
  ],
  [
    "a host with a port",
    `${app}routes: [{ cluster: app, host: "a.com:80" }]`,
    '2:32: expected a host without port such as example.com, *.example.com or *, found "a.com:80"',
  ],
  [
    "a wildcard inside a host",
    `${app}routes: [{ cluster: app, host: "a.*.com" }]`,
    /^2:32: expected a host without port/,
  ],
  [
    "a path that is not canonical",
    `${app}routes: [{ cluster: app, path: /caf%c3%a9 }]`,
    '2:32: expected the escaped form /caf%C3%A9, found "/caf%c3%a9"',
  ],
  [
    "a needless escape in a path",
    `${app}routes: [{ cluster: app, path: /%41 }]`,
    '2:32: expected A instead of %41, found "/%41"',
  ],
  [
    "dot segments in a path",
    `${app}routes: [{ cluster: app, path: { exact: /a/../b } }]`,
    '2:41: expected a path without . and .. segments, found "/a/../b"',
  ],
  [
    "a relative path",
    `${app}routes: [{ cluster: app, path: a }]`,
    '2:32: expected a path that starts with /, found "a"',
  ],
  [
    "a name twice in a template",
    `${app}routes: [{ cluster: app, path: "/{a}/{a}" }]`,
    '2:32: expected each name once in a template, not {a} again, found "/{a}/{a}"',
  ],
  [
    "a template inside a segment",
    `${app}routes: [{ cluster: app, path: "/a-{b}" }]`,
    '2:32: expected a whole segment such as {id} instead of "a-{b}", found "/a-{b}"',
  ],
  [
    "a start line longer than a head",
    `${app}limits: { startLine: 64KiB }`,
    "2:22: expected startLine to fit into head, found 65536 and 32768 bytes",
  ],
  [
    "a duration that overflows timers",
    `${app}timeouts: { head: 600h }`,
    '2:19: expected a duration from 10ms to 24h, found "600h"',
  ],
  [
    "a client certificate nobody can verify",
    `${app}listeners: [{ address: ":1", tls: { certificates: [{ cert: /dev/null, key: /dev/null }], clientCertificate: required } }]`,
    '2:109: expected clientCa beside it, to verify with, found "required"',
  ],
  [
    "credentials in an endpoint",
    'clusters: { app: { endpoints: ["http://bob:secret@a"] } }',
    /found "http:\/\/\*\*\*@a"$/,
  ],
];

for (const [title, text, problem] of wrong) {
  t.test(`a file with ${title} is refused`, async (t) => {
    const found = problems(text);
    t.equal(found.length, 1, found.join("\n"));
    if (typeof problem === "string") t.equal(found[0], problem);
    else t.match(found[0], problem);
  });
}

t.test("names of Object.prototype are names like any other", async (t) => {
  const config = load(
    'clusters: { constructor: { endpoints: ["http://a"] } }\nroutes: [{ cluster: constructor, headers: { __proto__: x } }]',
  );
  t.equal(config.routes[0]!.cluster, "constructor");
  t.same(config.routes[0]!.match.headers, [{ name: "__proto__", value: "x" }]);
  t.match(problems(`${app}__proto__: {}`), [/unknown key "__proto__"/]);
  t.match(problems(`${app}routes: [{ cluster: toString }]`), [/expected the name of a cluster/]);
});

t.test("a variable becomes what its place asks for", async (t) => {
  const env = { PORT: "3000", MAX: "12", ON: "false", NAME: "42" };
  const config = load(
    'clusters: { app: { endpoints: ["http://127.0.0.1:${env:PORT}"], maxConnections: "${env:MAX}" } }\naccessLog: ${env:ON}\nvia: "${env:NAME}"\ntimeouts: { head: "${env:T:-20}" }',
    env,
  );
  t.match(config.clusters[0], { endpoints: [{ address: { port: 3000 } }], maxConnections: 12 });
  t.equal(config.accessLog.enabled, false);
  t.equal(config.forwarding.via, "42");
  t.equal(config.timeouts.head, 20);
  t.match(problems(`${app}accessLog: \${env:ON}`, { ON: "yes" }), [
    '2:12: expected true or false, found "yes"',
  ]);
});

t.test("more problems than anyone reads are cut off, not misread", async (t) => {
  const routes = Array.from({ length: 1000 }, () => "  - { path: 5, methods: get, cluster: ap }");
  const found = problems(`${app}routes:\n${routes.join("\n")}`);
  t.ok(found.length >= 100 && found.length <= 1000);
});

t.test("a missing variable is reported once, where it is used", async (t) => {
  t.same(problems(`${app}workers: \${env:N}\nvia: a\${env:M}`), [
    "2:10: expected variable N to be set, found it unset and no default",
    "3:6: expected variable M to be set, found it unset and no default",
  ]);
});

t.test("a secret variable is not shown in a problem", async (t) => {
  const [problem] = problems(`${app}workers: "\${env:API_TOKEN}"`, { API_TOKEN: "hunter2" });
  t.equal(
    problem,
    '2:10: expected a whole number from 1 to 256, or "auto", found a secret that is not shown',
  );
});

t.test("a secret variable is not shown where a cluster's name was expected", async (t) => {
  const found = problems(`${app}routes: [{ cluster: "\${env:API_TOKEN}" }]`, { API_TOKEN: "hunter2" });
  t.same(found, ["2:21: expected the name of a cluster, one of app, found a secret that is not shown"]);
});

t.test("anchors and aliases work, and a billion laughs do not", async (t) => {
  const config = load(
    `limits: &l { head: &h 16KiB }\n${app}timeouts: { head: 20ms }\ntrustedProxies: &t [10.0.0.1]\nupgrades: *t`,
  );
  t.same(config.forwarding.upgrades, ["10.0.0.1"]);
  const levels = Array.from(
    { length: 12 },
    (_, n) => `l${n + 1}: &l${n + 1} [${Array(10).fill(`*l${n}`).join(", ")}]`,
  );
  t.match(problems(`l0: &l0 [x]\n${levels.join("\n")}`), [
    /expected aliases that stand for at most 1000 values/,
  ]);
  t.ok(problems(`${app}limits: &a { head: *a }`).length > 0, "an alias inside its own anchor");
});

t.test("a file that is too large, too deep or not text is refused", async (t) => {
  t.ok(problems("[".repeat(100_000)).length > 0);
  const file = join(t.testdir(), "sluice.yaml");
  writeFileSync(file, Buffer.from([0x76, 0xff, 0xfe]));
  await t.rejects(loadConfigFile(file, { env: {} }), /expected UTF-8 text, found other bytes/);
  writeFileSync(file, Buffer.alloc(5_000_000, "#"));
  await t.rejects(loadConfigFile(file, { env: {} }), /expected at most 4194304 bytes, found more/);
});

t.test("a file that is not there is one problem of its own kind", async (t) => {
  const file = join(t.testdir(), "none.yaml");
  const error = await loadConfigFile(file, { env: {} }).catch((error: unknown) => error);
  t.ok(error instanceof ConfigError);
  t.match((error as ConfigError).problems, [{ file, line: 1, column: 1, kind: "unreadable" }]);
});

t.test("certificate files are seen from the folder of the config", async (t) => {
  const folder = t.testdir({ certs: { "a.pem": "", "a.key": "" } });
  const file = join(folder, "sluice.yaml");
  const tls =
    "tls: { certificates: [{ cert: certs/a.pem, key: certs/a.key, hosts: [A.example.com] }], clientCa: certs/a.pem }";
  writeFileSync(file, `${app}listeners: [{ address: ":8443", ${tls} }]`);
  const { listeners } = await loadConfigFile(file, { env: {} });
  t.same(listeners[0]!.tls, {
    certificates: [
      { cert: join(folder, "certs/a.pem"), key: join(folder, "certs/a.key"), hosts: ["a.example.com"] },
    ],
    clientCa: join(folder, "certs/a.pem"),
    clientCertificate: "required",
  });
});

t.test("certificate files that cannot be read are reported as such", async (t) => {
  const folder = t.testdir({ "a.pem": "", "secret.key": "", folder: {} });
  const listener = (key: string) =>
    `${app}listeners: [{ address: ":1", tls: { certificates: [{ cert: a.pem, key: ${key} }] } }]`;
  const found = (key: string) => {
    try {
      loadConfig(join(folder, "sluice.yaml"), listener(key), { env: {} });
    } catch (error) {
      return (error as ConfigError).problems;
    }
    return [];
  };
  t.match(found("none.key"), [{ line: 2, kind: "unreadable", message: /found no file: .*none\.key$/ }]);
  t.match(found("folder"), [{ kind: "unreadable", message: /found a folder/ }]);
  chmodSync(join(folder, "secret.key"), 0);
  if (process.getuid?.() !== 0)
    t.match(found("secret.key"), [{ kind: "unreadable", message: /found no permission/ }]);
});

t.test("the command line beats the file", async (t) => {
  const overrides: Overrides = {
    listen: { host: "127.0.0.1", port: 1 },
    admin: null,
    workers: 3,
    accessLog: false,
    pretty: true,
    logLevel: "debug",
    upstreams: [parseEndpoint("https://b")!],
  };
  const config = load(
    `${app}listeners: [{ address: ":2", maxConnections: 5 }, { address: ":3" }]\nlog: { level: error }`,
    {},
    overrides,
  );
  t.match(config.listeners, [
    { address: { port: 1 }, name: "127.0.0.1:1", maxConnections: 5 },
    { address: { port: 3 } },
  ]);
  t.match(config, {
    admin: null,
    workers: 3,
    accessLog: { enabled: false },
    log: { level: "debug", pretty: true },
  });
  t.match(config.clusters, [{ name: "app", endpoints: [{ authority: "b" }], tls: { verify: true } }]);
});

t.test("an upstream on the command line needs one cluster or none", async (t) => {
  const upstreams = [parseEndpoint("http://b")!];
  t.match(load("via: x", {}, { upstreams }).clusters, [{ name: "upstream" }]);
  const two =
    'clusters: { a: { endpoints: ["http://a"] }, b: { endpoints: ["http://b"] } }\nroutes: [{ cluster: a }]';
  t.same(problems(two, {}, { upstreams }), [
    "1:11: Cannot use --upstream: the file has more than one cluster (a, b)",
  ]);
});

t.test("no text makes the loader throw anything but a list of problems in the file", async (t) => {
  const words = fc.constantFrom(
    "clusters",
    "routes",
    "listeners",
    "endpoints",
    "tls",
    "path",
    "cluster",
    "limits",
    "head",
    "admin",
    "address",
    ": ",
    "- ",
    "\n",
    "\n  ",
    "{",
    "}",
    "[",
    "]",
    ", ",
    "&a ",
    "*a",
    "${env:A}",
    "!!",
    '"',
    "'",
    "|",
    "1",
    "true",
    "null",
    "~",
    "? ",
    "<<",
    "#",
    "app",
    "/a/{b}",
  );
  const soup = fc.array(words, { maxLength: 40 }).map((parts) => parts.join(""));
  const lines = (text: string) => text.split("\n").length;
  fc.assert(
    fc.property(fc.oneof(soup, fc.string({ unit: "binary" })), (text) => {
      try {
        load(text, { A: "a" });
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        return (
          error.problems.length > 0 &&
          error.problems.every(({ line, column }) => line >= 1 && line <= lines(text) + 1 && column >= 1)
        );
      }
      return true;
    }),
    { numRuns: 1500 },
  );
  t.pass();
});

t.test("a value may be the text of a file, whose last line end is left away", async (t) => {
  const folder = t.testdir({
    "key.txt": "s3cret-of-the-file\n",
    keys: {},
    "binary.bin": Buffer.from([0xff]),
  });
  const load = (key: string) =>
    loadConfig(
      `${folder}/sluice.yaml`,
      `clusters: { app: { endpoints: ["http://a:1"], sticky: { cookie: c, key: "${key}" } } }`,
      {
        env: {},
      },
    );
  const config = load("${file:key.txt}");
  t.equal(config.clusters[0]!.sticky!.key, "s3cret-of-the-file");
  t.notMatch(JSON.stringify(maskConfig(config)), "s3cret");
  for (const [name, found] of [
    ["none.txt", "no file"],
    ["keys", "no plain file"],
    ["binary.bin", "other bytes"],
    ["/dev/zero", "no plain file"],
  ] as const) {
    t.throws(
      () => load(`\${file:${name}}`),
      { message: new RegExp(`sluice.yaml:1:\\d+: expected .*found ${found}`) },
      name,
    );
  }
});
