/** What a built-in policy refuses is told at the very setting, in `sluice check`. Node only: as in policies.test.ts. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import t from "tap";
import { builtInNames } from "../../core/config/built-in-plugins.ts";

t.setTimeout(120_000);

/** For each policy a config in YAML, whose line with `# here` is the one that is wrong, and what is said of it. */
const wrong: readonly (readonly [plugin: string, config: string, said: RegExp])[] = [
  ["access", "deny:\n  - methods: [GET]\n  - addresses: [10.0.0.1/8] # here", /bits behind its length/],
  ["access", "allow:\n  - expression: request.pathh == 'a' # here", /pathh/],
  ["access", "status: 401 # here", /without challenge/],
  ["api-version", 'from: { path: "/v{version}" }\nversions: { a1: {} }\ndefault: "2" # here', /no version 2/],
  [
    "auth",
    "strategies:\n  - { type: api-key, allowPlain: true, keys: [{ key: plain:a, subject: a }] }\n  - type: api-key # here\n    keys: [{ key: odd, subject: a }]",
    /odd|neither/,
  ],
  [
    "auth",
    "strategies:\n  - type: jwt\n    issuer: a\n    audience: b\n    keys: []\n    cacheFor: long # here",
    /cacheFor/,
  ],
  ["body-limit", "rules:\n  - { methods: [GET], maxSize: 1 }\n  - { maxSize: -1 } # here", /maxSize/],
  ["breaker", "per: endpoint\nname: one # here", /one circuit/],
  ["cache", "lifetimes:\n  '999': 5 # here", /no status/],
  ["compress", "minSize: 1\nlevels:\n  br: 12 # here", /br/],
  ["cors", 'origins: ["https://*.example.com"]\nexpose: ["*"]\ncredentials: true # here', /credentials/],
  [
    "csrf",
    "tokens:\n  secrets: [0123456789abcdef0123456789abcdef]\n  cookie: # here\n    name: __Host-a\n    secure: false",
    /needs secure/,
  ],
  ["decompress", "maxRatio: 100\nmaxEncodings: 9 # here", /maxEncodings/],
  ["mock", "responses:\n  - json: {}\n  - status: 204 # here\n    body: text", /has no body/],
  [
    "rate-limit",
    "limits:\n  - limit: 1\n  - name: b # here\n    limit: 1\n    key: { expression: request.path == }",
    /expression/,
  ],
  ["request-id", "format: ulid\nheader: host # here", /another meaning/],
  ["security-headers", "referrerPolicy: no-referrer\nhsts:\n  preload: true # here", /includeSubDomains/],
  [
    "transform",
    "request:\n  - headers: { set: { a: b } }\n  - json: # here\n      - { op: mask, path: /a, style: hash }",
    /maskKey/,
  ],
  ["validate", "maxErrors: 1\nschema: # here\n  type: strin", /#\/type/],
];

async function sluice(cwd: string, ...argv: string[]) {
  const program = [resolve("core/cli/main.ts"), ...argv];
  const child = spawn(process.execPath, program, { cwd, stdio: ["ignore", "ignore", "pipe"] });
  const [output, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
  return { code, told: output.split("\n").filter((line) => /^\S+:\d+:\d+: /.test(line)) };
}

t.test("every built-in policy has a config here that is wrong", async (t) => {
  t.same([...new Set(wrong.map(([plugin]) => plugin))].sort(), [...builtInNames()].sort());
});

t.test("what is wrong with the config of a policy is told at the line of the setting", async (t) => {
  const lines = ['clusters: { app: { endpoints: ["http://127.0.0.1:3000"] } }', "routes:"];
  const places: number[] = [];
  for (const [index, [plugin, config]] of wrong.entries()) {
    lines.push(
      `  - cluster: app`,
      `    path: /${index}`,
      `    policies:`,
      `      - plugin: ${plugin}`,
      `        config:`,
    );
    for (const line of config.split("\n")) {
      lines.push(`          ${line}`);
      if (line.endsWith("# here")) places.push(lines.length);
    }
  }
  const cwd = t.testdir();
  writeFileSync(join(cwd, "sluice.yaml"), `${lines.join("\n")}\n`);
  const { code, told } = await sluice(cwd, "check");
  t.equal(code, 78);
  t.equal(told.length, wrong.length);
  for (const [index, [plugin, , said]] of wrong.entries()) {
    t.match(
      told[index],
      new RegExp(`^sluice\\.yaml:${places[index]}:\\d+: route .*: config of ${plugin}: `),
      plugin,
    );
    t.match(told[index], said, plugin);
  }
});

t.test(
  "a secret that is not there, and a file that cannot be read, refuse a start at their places",
  async (t) => {
    const cwd = t.testdir({
      folder: {},
      "sluice.yaml": `clusters: { app: { endpoints: ["http://127.0.0.1:3000"] } }
routes:
  - cluster: app
    policies:
      - plugin: auth
        config:
          strategies:
            - type: api-key
              list: \${file:none.txt}
            - type: webhook
              sender: github
              secrets: ["\${env:SLUICE_TEST_NOPE}"]
      - plugin: access
        config: { deny: [{ addresses: "\${file:folder}" }] }
`,
    });
    for (const command of ["check", "run"]) {
      const { code, told } = await sluice(cwd, ...(command === "run" ? [] : [command]));
      t.equal(code, 78, command);
      t.match(
        told,
        [
          /^sluice\.yaml:9:21: .*none\.txt/,
          /^sluice\.yaml:12:25: .*SLUICE_TEST_NOPE/,
          /^sluice\.yaml:14:\d+: .*folder/,
        ],
        command,
      );
    }
  },
);
