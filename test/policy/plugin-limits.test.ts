import t from "tap";
import { defaultMaxPluginLimits, defaultPluginLimits } from "../../core/config/defaults.ts";
import type { PluginLimits } from "../../core/config/model.ts";
import { PluginLoadError } from "../../core/policy/load-error.ts";
import { decideLimits, limitsText } from "../../core/policy/plugin-limits.ts";
import { startPolicyGateway } from "../support/policies.ts";

const MiB = 2 ** 20;
const decide = (
  own: Partial<PluginLimits>,
  given: Partial<PluginLimits> = {},
  most: Partial<PluginLimits> = {},
) => decideLimits("auth", own, given, { ...defaultMaxPluginLimits, ...most });

t.test("a plugin that says nothing has the defaults", async (t) => {
  t.same(decide({}), defaultPluginLimits);
});

t.test("no default is beyond what plugins may give themselves", async (t) => {
  for (const [name, limit] of Object.entries(defaultPluginLimits))
    t.ok(limit <= defaultMaxPluginLimits[name as keyof PluginLimits], name);
});

t.test("a plugin may give itself as much as the operator lets plugins, and not one more", async (t) => {
  t.same(decide({ ...defaultMaxPluginLimits }), defaultMaxPluginLimits);
  for (const [name, limit] of Object.entries(defaultMaxPluginLimits))
    t.throws(() => decide({ [name]: limit + 1 }), { message: new RegExp(`^Cannot use limits\\.${name}: `) });
});

t.test("the refusal says what was asked, what there may be, and both settings that allow it", async (t) => {
  t.throws(() => decide({ memory: 1024 * MiB }), {
    message:
      "Cannot use limits.memory: the plugin gives itself 1GiB, and plugins may have 128MiB; allow it under " +
      "plugins.settings.auth.limits.memory, or for all of them under plugins.maxLimits.memory",
  });
});

t.test("what the operator says of one plugin holds, more or less, and whatever it says itself", async (t) => {
  t.equal(decide({ cpu: 10_000 }, { cpu: 20 }).cpu, 20);
  t.equal(decide({ cpu: 10 }, { cpu: 5000 }).cpu, 5000);
  t.throws(() => decide({ cpu: 10_000 }, { memory: 512 * MiB }), { message: /limits\.cpu/ });
});

t.test("a lower cap lowers the defaults too", async (t) => {
  t.equal(decide({}, {}, { cpu: 20 }).cpu, 20);
  t.throws(() => decide({ cpu: 30 }, {}, { cpu: 20 }), { message: /gives itself 30ms, .* may have 20ms/ });
});

t.test("a higher cap lets plugins have more", async (t) => {
  t.equal(decide({ cpu: 10_000 }, {}, { cpu: 10_000 }).cpu, 10_000);
});

t.test("limits are told in their units", async (t) => {
  t.equal(
    limitsText(defaultPluginLimits),
    "cpu 50ms, wall 5s, memory 32MiB, body 1MiB, fetches 10, logLines 100",
  );
});

/** Nobody connects to it. */
const nowhere = { host: "127.0.0.1", port: 1 };
const greedy = 'export default { limits: { wall: "10m" }, onRequest() {} };';

t.test("a plugin that gives itself too much is not loaded", async (t) => {
  const error = await startPolicyGateway(t, nowhere, { plugins: { "p.ts": greedy } }).then(
    () => null,
    (error: unknown) => error,
  );
  t.ok(error instanceof PluginLoadError);
  t.match(error, { subject: "limits", message: /plugins\.settings\.p\.limits\.wall/ });
});

t.test("it is loaded when the operator lets plugins, or this plugin, have so much", async (t) => {
  const wall = 600_000;
  await startPolicyGateway(t, nowhere, {
    plugins: { "p.ts": greedy },
    config: (config) => ({
      ...config,
      plugins: { ...config.plugins, maxLimits: { ...defaultMaxPluginLimits, wall } },
    }),
  });
  await startPolicyGateway(t, nowhere, {
    plugins: { "p.ts": greedy },
    settings: { p: { limits: { wall } } },
  });
  t.pass("both have started");
});
