import t from "tap";
import { configFromFlags } from "../../core/config/from-flags.ts";
import { shareOf } from "../../core/data/share.ts";

function capsFor(maxConnections: number, reactors: number): number[] {
  const config = configFromFlags({});
  const listeners = config.listeners.map((listener) => ({ ...listener, maxConnections }));
  return Array.from({ length: reactors }, (_, reactor) => {
    const share = shareOf({ ...config, listeners }, { reactor, reactors, hasHandles: true });
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
    cache: { memory: 1000, disk: { path: "/c", size: 100, files: 10 }, redis: null },
  };
  t.same(
    [0, 1, 2].map((reactor) => shareOf(config, { reactor, reactors: 3, hasHandles: true }).cache),
    Array(3).fill({ memory: 333, disk: { path: "/c", size: 33, files: 3 }, redis: null }),
  );
});

const addresses = [{ path: "/run/a.sock" }, { host: "127.0.0.1", port: 0 }, { host: "127.0.0.1", port: 80 }];

function servedBy(reactor: number, hasHandles: boolean) {
  const config = configFromFlags({});
  const listeners = addresses.map((address) => ({ ...config.listeners[0]!, address, maxConnections: 10 }));
  const share = shareOf({ ...config, listeners }, { reactor, reactors: 2, hasHandles });
  return share.listeners.map(({ address, maxConnections }) => [addresses.indexOf(address), maxConnections]);
}

t.test("shareOf gives every reactor each socket that was bound for it", async (t) => {
  for (const reactor of [0, 1])
    t.same(servedBy(reactor, true), [
      [0, 5],
      [1, 5],
      [2, 5],
    ]);
});

t.test("shareOf leaves what can be bound only once to the first reactor, with all of its cap", async (t) => {
  t.same(servedBy(0, false), [
    [0, 10],
    [1, 10],
    [2, 5],
  ]);
  t.same(servedBy(1, false), [[2, 5]]);
});
