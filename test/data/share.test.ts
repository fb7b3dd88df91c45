import t from "tap";
import { configFromFlags } from "../../core/config/from-flags.ts";
import { shareOf } from "../../core/data/share.ts";

function capsFor(maxConnections: number, reactors: number): number[] {
  const config = configFromFlags({});
  const listeners = config.listeners.map((listener) => ({ ...listener, maxConnections }));
  return Array.from({ length: reactors }, (_, reactor) => {
    const share = shareOf({ ...config, listeners }, reactor, reactors);
    return share.listeners[0]!.maxConnections;
  });
}

t.test("shareOf shares the connection cap out without losing any of it", async (t) => {
  t.same(capsFor(10, 1), [10]);
  t.same(capsFor(10, 3), [4, 3, 3]);
});

t.test("shareOf leaves every reactor one connection", async (t) => {
  t.same(capsFor(1, 3), [1, 1, 1]);
});

t.test("shareOf shares memory and disk for responses out", async (t) => {
  const config = {
    ...configFromFlags({}),
    cache: { memory: 1000, disk: { path: "/c", size: 100, files: 10 } },
  };
  t.same(
    [0, 1, 2].map((reactor) => shareOf(config, reactor, 3).cache),
    Array(3).fill({ memory: 333, disk: { path: "/c", size: 33, files: 3 } }),
  );
});
