import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import { Quarantine } from "../../../core/control/plugins/quarantine.ts";
import { PlaneError } from "../../../core/data/calls.ts";
import type { PolicyBundle } from "../../../core/policy/bundle.ts";
import { until } from "../../net/until.ts";

/** Short, and what is measured by them is later rather than sooner. */
const times = { firstBan: 40, nextTry: 100 };

const bundle = {
  plugins: [
    { name: "a", hash: "1" },
    { name: "b", hash: "1" },
  ],
} as unknown as PolicyBundle;

/** @param lift what each lift comes to, one after the other; then they go well */
function setUp(t: Test, lifts: readonly (Error | null)[]) {
  const lines: string[] = [];
  let inForce = bundle;
  const tell = (_fields: object, message: string) => void lines.push(message);
  const liftedAt: number[] = [];
  const quarantine = new Quarantine({
    log: () => ({ error: tell, info: tell, warn: tell, debug: tell }) as never,
    bundle: () => inForce,
    lift: async () => {
      const error = lifts[liftedAt.push(performance.now()) - 1] ?? null;
      if (error !== null) throw error;
    },
    times,
  });
  t.teardown(() => quarantine.close());
  const use = (bundle: PolicyBundle) => {
    inForce = bundle;
  };
  return { quarantine, liftedAt, lines, use };
}

function refusalOf(plugin: string): PlaneError {
  return new PlaneError({ error: "setup threw", plugin, problems: [], use: null });
}

t.test("a plugin that does not load at its lift stays out, twice as long each time", async (t) => {
  const { quarantine, liftedAt, lines } = setUp(t, [refusalOf("a"), refusalOf("a"), refusalOf("a")]);
  quarantine.ban("a");
  const begin = performance.now();
  await until(() => liftedAt.length === 1);
  t.ok(quarantine.list().has("a"), "it is listed as what it is");
  await until(() => liftedAt.length === 4);
  const waited = liftedAt.map((at, n) => at - (liftedAt[n - 1] ?? begin));
  for (const [n, ban] of [40, 80, 160, 320].entries())
    t.ok(waited[n]! >= ban, `${waited[n]} ms are at least ${ban}`);
  await until(() => lines.at(-1) === "Quarantine is over, the plugin is tried again");
  t.equal(quarantine.list().size, 0);
});

t.test("a lift that fails for another reason is tried again", async (t) => {
  const { quarantine, liftedAt } = setUp(t, [new Error("the data process ended")]);
  quarantine.ban("a");
  await until(() => liftedAt.length === 2);
  t.ok(liftedAt[1]! - liftedAt[0]! >= times.nextTry - 1);
  t.equal(quarantine.list().size, 0);
});

t.test("a plugin does not stay out for another one that does not load", async (t) => {
  const { quarantine, liftedAt } = setUp(t, [refusalOf("a")]);
  quarantine.ban("a");
  quarantine.ban("b");
  await until(() => liftedAt.length === 2);
  t.same([...quarantine.list().keys()], ["a"]);
});

t.test("a quarantine that is closed lifts nothing and is silent about what fails", async (t) => {
  const late = Promise.withResolvers<null>();
  const lines: string[] = [];
  let lifts = 0;
  const quarantine = new Quarantine({
    log: () => ({ error: (_fields: object, message: string) => lines.push(message) }) as never,
    bundle: () => bundle,
    lift: async () => {
      lifts++;
      await late.promise;
      throw refusalOf("a");
    },
    times,
  });
  quarantine.ban("a");
  await until(() => lifts === 1);
  const told = lines.length;
  quarantine.close();
  late.resolve(null);
  await new Promise((resolve) => setTimeout(resolve, 3 * times.nextTry));
  t.equal(lifts, 1);
  t.equal(lines.length, told);
});

t.test("nothing is told of a plugin that was replaced while it was out", async (t) => {
  const code = (hash: string) => ({ plugins: [{ name: "a", hash }] }) as unknown as PolicyBundle;
  const { quarantine, liftedAt, lines, use } = setUp(t, []);
  use(code("1"));
  quarantine.ban("a");
  use(code("2"));
  quarantine.forgetOthers();
  await sleep(3 * times.firstBan);
  t.equal(liftedAt.length, 0);
  t.equal(lines.length, 1, "that it was quarantined");

  quarantine.ban("a");
  use(code("1"));
  quarantine.forgetOthers();
  use(code("2"));
  await until(() => lines.length === 3);
  t.equal(lines[2], "Quarantine is over, the plugin is tried again");
});
