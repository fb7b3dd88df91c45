/** `sluice check` and `sluice plan` of clusters whose endpoints a plugin finds. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";

const binary = fileURLToPath(new URL("../../core/cli/main.ts", import.meta.url));

const finder = `import { definePlugin } from "sluice/sdk";
export default definePlugin({
  capabilities: { endpoints: ["10.0.0.0/8"] },
  config: { type: "object", properties: { service: { type: "string" } }, required: ["service"] },
  discover: (config) => [{ address: "10.0.0.7:80", zone: config.service }],
});
`;

function run(t: Test, command: string, discovery: string, grants = "{ endpoints: [10.0.0.0/8] }") {
  const cwd = t.testdir({
    plugins: { "finder.ts": finder, "other.ts": "export default { onRequest() {} };\n" },
    "sluice.yaml": `clusters:
  app:
    discovery: ${discovery}
plugins: { directory: plugins, settings: { finder: { grants: ${grants} } } }
`,
  });
  return spawnSync(process.execPath, [binary, command], {
    cwd,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
}

t.test("a plugin that finds endpoints is no policy of routes that name none", async (t) => {
  const { status, stdout, stderr } = run(t, "check", "{ plugin: finder, config: { service: a } }");
  t.equal(status, 0, stderr);
  t.match(stdout, /finder, .*\n {2}discover\n {2}endpoints 10\.0\.0\.0\/8 {2}granted\n/);
  const plan = run(t, "plan", "{ plugin: finder, config: { service: a } }");
  t.equal(plan.status, 0, plan.stderr);
  t.match(plan.stdout, /discovered: plugin finder/);
  t.match(plan.stdout, /client -> other\.onRequest -> service/);
  t.notMatch(plan.stdout, /policy finder/);
});

t.test("what keeps it from finding any is told with its place", async (t) => {
  for (const [discovery, grants, message] of [
    [
      "{ plugin: findre }",
      undefined,
      /sluice\.yaml:3:\d+: .*cluster app: expected the name of a plugin, .*"findre" \(did you mean "finder"\?\)/,
    ],
    [
      "{ plugin: other }",
      undefined,
      /sluice\.yaml:3:\d+: .*cluster app: expected a plugin with discover, found "other"/,
    ],
    ["{ plugin: finder }", undefined, /sluice\.yaml:\d+:\d+: .*cluster app: config of finder: /],
    [
      "{ plugin: finder, config: { service: a } }",
      "{ kv: true }",
      /asks for endpoints 10\.0\.0\.0\/8, which is not granted/,
    ],
  ] as const) {
    const { status, stderr } = run(t, "check", discovery, grants);
    t.equal(status, 78, discovery);
    t.match(stderr, message);
  }
});
