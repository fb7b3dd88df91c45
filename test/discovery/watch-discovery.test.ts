import t from "tap";
import type { DiscoveredEndpoint } from "../../core/config/traffic-model.ts";
import type { DiscoveryListener, DiscoverySource } from "../../core/discovery/source.ts";
import { watchDiscovery } from "../../core/discovery/watch-discovery.ts";
import { Recording } from "./recording.ts";

/** A source that tells what the test says. */
class SpokenSource implements DiscoverySource {
  listener: DiscoveryListener | null = null;
  isClosed = false;

  start(listener: DiscoveryListener): void {
    this.listener = listener;
  }

  close(): void {
    this.isClosed = true;
  }

  say(...hosts: string[]): void {
    this.listener?.onEndpoints(hosts.map((host) => ({ host, port: 80, weight: 1, zone: null, priority: 0 })));
  }
}

function watching() {
  const source = new SpokenSource();
  const told = new Recording();
  return { source, told, watch: watchDiscovery("spoken", source, told) };
}

t.test("the same set is told once, in whatever order it comes", async (t) => {
  const { source, told } = watching();
  source.say("b", "a");
  source.say("a", "b", "B.");
  source.say("a");
  source.say("a", "a");
  t.same(
    told.lists.map((list: readonly DiscoveredEndpoint[]) => list.map(({ host }) => host)),
    [["a", "b"], ["a"]],
  );
});

t.test("an empty list is told, also as the first one", async (t) => {
  const { source, told } = watching();
  source.say();
  source.say();
  t.same(told.lists, [[]]);
});

t.test("what is no endpoint is told once, and again when all is well", async (t) => {
  const { source, told } = watching();
  source.say("a", "b c");
  source.say("a", "b c", "d");
  source.say("a");
  t.same(told.problems, ["spoken: 1 of 2 endpoints have no usable host, port, weight or priority"]);
  t.same(told.recoveries, ["spoken works again"]);
  t.same(told.lists.length, 3);
});

t.test("a list of nothing but what is no endpoint is no answer", async (t) => {
  const { source, told } = watching();
  source.say("a");
  source.say("b c");
  t.same(told.latest, ["a:80"]);
});

t.test("more than 4096 endpoints are cut and told", async (t) => {
  const { source, told } = watching();
  source.say(...Array.from({ length: 4100 }, (_, index) => `h${index}`));
  t.equal(told.latest?.length, 4096);
  t.same(told.problems, ["spoken: found 4100 endpoints, of which the first 4096 are taken"]);
});

t.test("after close nothing is told any more", async (t) => {
  const { source, told, watch } = watching();
  watch.close();
  source.say("a");
  source.listener?.onProblem("late");
  source.listener?.onRecovery?.("late");
  t.ok(source.isClosed);
  t.same([told.lists, told.problems, told.recoveries], [[], [], []]);
});

t.test("without onRecovery, onProblem is told of a recovery", async (t) => {
  const source = new SpokenSource();
  const lines: string[] = [];
  watchDiscovery("spoken", source, { onEndpoints() {}, onProblem: (message) => lines.push(message) });
  source.say("a b", "c");
  source.say("c");
  source.listener?.onRecovery?.("the source works again");
  t.same(lines.slice(1), ["spoken works again", "the source works again"]);
});
