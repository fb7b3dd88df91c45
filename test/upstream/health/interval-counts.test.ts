import t from "tap";
import { createEndpointMemory, slotStart, slotWord } from "../../../core/upstream/health/endpoint-memory.ts";
import { EndpointTable } from "../../../core/upstream/health/endpoint-table.ts";
import { addLatency, IntervalCounts } from "../../../core/upstream/health/interval-counts.ts";

function counted() {
  const { memory } = new EndpointTable(createEndpointMemory(1));
  const add = (word: number, count: number) => Atomics.add(memory.words, slotStart(0) + word, count);
  return {
    words: memory.words,
    start: slotStart(0),
    counts: () => new IntervalCounts(memory, 0),
    count(requests: number, failures: number) {
      add(slotWord.requests, requests);
      add(slotWord.failures, failures);
    },
  };
}

t.test("an interval has what was counted since the one before, once", async (t) => {
  const { words, start, counts, count } = counted();
  count(7, 7);
  const interval = counts();
  count(4, 1);
  for (const ms of [10, 20, 0.5]) addLatency(words, start, ms);
  t.same(interval.take(), { requests: 4, successRate: 0.75, answers: 3, latency: 30.5 / 3 });
  t.same(interval.take(), { requests: 0, successRate: 1, answers: 0, latency: 0 });
});

t.test("counters that pass the end of 32 bits lose nothing", async (t) => {
  const { words, start, counts, count } = counted();
  words[start + slotWord.requests] = -3;
  words[start + slotWord.failures] = -1;
  const interval = counts();
  count(10, 2);
  t.match(interval.take(), { requests: 10, successRate: 0.8, answers: 8 });
});

t.test("a sum of latencies beyond 32 bits of µs is exact", async (t) => {
  const { words, start, counts, count } = counted();
  const interval = counts();
  for (let turn = 0; turn < 10; turn++) addLatency(words, start, 4_000_000.001);
  count(10, 0);
  t.equal(interval.take().latency, 4_000_000.001);
  addLatency(words, start, 5);
  count(1, 0);
  t.equal(interval.take().latency, 5);
});

t.test(
  "a sum that passed the end of its lower half, but has not told the upper one, is read right",
  async (t) => {
    const { words, start, counts, count } = counted();
    words[start + slotWord.latencyLow] = 0xffff_fff0 | 0;
    const interval = counts();
    Atomics.add(words, start + slotWord.latencyLow, 1016);
    count(1, 0);
    t.equal(interval.take().latency, 1.016);
    Atomics.add(words, start + slotWord.latencyHigh, 1);
    addLatency(words, start, 2);
    count(1, 0);
    t.equal(interval.take().latency, 2);
  },
);

t.test("the lower half passes its end at 2^32 µs, not one before", async (t) => {
  const { words, start } = counted();
  words[start + slotWord.latencyLow] = -2;
  addLatency(words, start, 0.001);
  t.same([words[start + slotWord.latencyLow], words[start + slotWord.latencyHigh]], [-1, 0]);
  addLatency(words, start, 0.001);
  t.same([words[start + slotWord.latencyLow], words[start + slotWord.latencyHigh]], [0, 1]);
});

t.test("a latency below zero or beyond an hour does no harm", async (t) => {
  const { words, start, counts, count } = counted();
  const interval = counts();
  addLatency(words, start, -5);
  addLatency(words, start, Number.POSITIVE_INFINITY);
  count(2, 0);
  t.equal(interval.take().latency, 0xffff_ffff / 2000);
});

t.test(
  "more failures than requests, of which some are still being counted, are no negative rate",
  async (t) => {
    const { counts, count } = counted();
    const interval = counts();
    count(1, 3);
    t.match(interval.take(), { requests: 1, successRate: 0, answers: 0, latency: 0 });
  },
);
