import t, { type Test } from "tap";
import { pluginSource } from "../../../core/control/discovery/plugin-source.ts";
import type { PluginAnswer } from "../../../core/discovery/plugin-answer.ts";
import { Recording } from "../../discovery/recording.ts";
import { TestClock } from "../../discovery/test-clock.ts";

const config = { kind: "plugin", plugin: "registry", every: 10_000, config: null } as const;
const found = (...addresses: string[]): PluginAnswer => ({
  list: addresses.map((address) => [address, null, null, null]),
  granted: ["10.0.0.0/8"],
});

/** A source whose questions wait for the test. */
function start(t: Test, random = () => 0.5) {
  const clock = new TestClock();
  const told = new Recording();
  const questions: PromiseWithResolvers<PluginAnswer>[] = [];
  let asked = Promise.withResolvers<void>();
  const source = pluginSource(
    config,
    () => {
      const question = Promise.withResolvers<PluginAnswer>();
      questions.push(question);
      asked.resolve();
      asked = Promise.withResolvers();
      return question.promise;
    },
    { now: clock.now, after: clock.after, random },
  );
  t.teardown(() => source.close());
  source.start(told);
  const untilAsked = async (count: number) => {
    while (questions.length < count) await asked.promise;
    return questions[count - 1]!;
  };
  return { source, clock, told, questions, untilAsked };
}

t.test("a plugin is asked at once and then every so often, a little off the time", async (t) => {
  for (const [random, wait] of [
    [0, 9000],
    [0.5, 10_000],
    [0.75, 10_500],
  ] as const) {
    const { clock, told, untilAsked } = start(t, () => random);
    (await untilAsked(1)).resolve(found("10.0.0.7:80"));
    await clock.pass(wait);
    (await untilAsked(2)).resolve(found("10.0.0.8:80"));
    await told.until(({ lists }) => lists.length === 2);
    t.same(told.latest, ["10.0.0.8:80"]);
  }
});

t.test("an answer that is none tells why and leaves what was found; the plugin is asked again", async (t) => {
  const { clock, told, untilAsked } = start(t);
  (await untilAsked(1)).resolve(found("10.0.0.7:80"));
  await clock.pass(10_000);
  (await untilAsked(2)).resolve(found("10.0.0.8:80", "11.0.0.1:80"));
  await told.until(({ problems }) => problems.length === 1);
  t.same(told.problems, [
    "plugin registry: endpoint 1: 11.0.0.1:80 is not among the plugin's grants.endpoints",
  ]);
  t.same(told.latest, ["10.0.0.7:80"]);
  await clock.pass(750);
  (await untilAsked(3)).reject(new Error("TimeoutError: discover took longer than 5000 ms"));
  await told.until(({ problems }) => problems.length === 2);
  await clock.pass(1500);
  (await untilAsked(4)).resolve(found("10.0.0.9:80"));
  await told.until(({ recoveries }) => recoveries.length === 1);
  t.same(told.latest, ["10.0.0.9:80"]);
  t.equal(told.problems.length, 2);
});

t.test(
  "other plugins are asked at once, and what the old ones were about to say counts no more",
  async (t) => {
    const { source, told, untilAsked, questions } = start(t);
    const old = await untilAsked(1);
    source.askAgain();
    (await untilAsked(2)).resolve(found("10.0.0.8:80"));
    await told.until(({ lists }) => lists.length === 1);
    old.resolve(found("10.0.0.7:80"));
    source.askAgain();
    (await untilAsked(3)).resolve(found("10.0.0.8:80"));
    await told.until(({ lists }) => lists.length === 2);
    t.same(told.latest, ["10.0.0.8:80"]);
    t.equal(questions.length, 3, "each was asked once");
    t.same(told.problems, []);
  },
);

t.test("once it is closed nothing is told, and a question that fails later harms nobody", async (t) => {
  const { source, told, untilAsked } = start(t);
  const question = await untilAsked(1);
  source.close();
  question.reject(new Error("The data plane ended before it answered"));
  await new Promise((resolve) => setImmediate(resolve));
  t.same([told.lists, told.problems], [[], []]);
});
