import { MessageChannel } from "node:worker_threads";
import t, { type Test } from "tap";
import { configFromFlags } from "../../core/config/from-flags.ts";
import { ChannelClosed, RemotePlane, sendBeat, serveCalls } from "../../core/data/calls.ts";
import type { Channel } from "../../core/data/channel.ts";
import type { DataPlane } from "../../core/data/plane.ts";

const config = configFromFlags({});

/** Both ends of a channel; the first closes it. */
function channelPair(t: Test): [Channel & { close(): void }, Channel] {
  const { port1, port2 } = new MessageChannel();
  t.teardown(() => port1.close());
  return [{ ...channelOf(port1), close: () => port1.close() }, channelOf(port2)];
}

function channelOf(port: MessageChannel["port1"]): Channel {
  return {
    send: (message) => port.postMessage(message),
    onMessage: (listener) => port.on("message", (message) => listener(message, undefined)),
    onClose: (listener) => port.on("close", listener),
  };
}

const idle: DataPlane = {
  start: async () => [],
  apply: async () => [],
  setEndpoints: async () => {},
  discover: async (cluster) => ({ list: [[cluster, null, null, null]], granted: ["10.0.0.0/8"] }),
  purge: async () => ({ count: 0, isShared: null }),
  pin: async () => {},
  report: async () => ({
    snapshots: [],
    plugins: [],
    clusters: [],
    caches: [],
    cpuSeconds: 1,
    residentBytes: 2,
  }),
  drain: async () => {},
};

t.test("RemotePlane calls the plane at the other end", async (t) => {
  const [near, far] = channelPair(t);
  const addresses = [{ name: "main", address: { host: "127.0.0.1", port: 8080 } }];
  serveCalls(far, { ...idle, start: async (given) => (given.workers === 1 ? addresses : []) });
  const remote = new RemotePlane(near);
  t.same(await remote.start(config), addresses);
  t.same(await remote.report(), {
    snapshots: [],
    plugins: [],
    clusters: [],
    caches: [],
    cpuSeconds: 1,
    residentBytes: 2,
  });
  await remote.drain();
});

t.test("RemotePlane rejects with the message of what failed at the other end", async (t) => {
  const [near, far] = channelPair(t);
  serveCalls(far, {
    ...idle,
    apply: () => Promise.reject(new Error("Cannot listen on :80: permission denied")),
  });
  await t.rejects(new RemotePlane(near).apply(config), {
    message: "Cannot listen on :80: permission denied",
  });
});

t.test("RemotePlane gives answers to the calls that they belong to", async (t) => {
  const [near, far] = channelPair(t);
  const gate = Promise.withResolvers<void>();
  serveCalls(far, { ...idle, drain: () => gate.promise });
  const remote = new RemotePlane(near);
  const drained = remote.drain().then(() => "drained");
  t.same(await remote.apply(config), []);
  gate.resolve();
  t.equal(await drained, "drained");
});

t.test(
  "RemotePlane rejects what is unanswered when the channel closes, and every call after it",
  async (t) => {
    const [near, far] = channelPair(t);
    serveCalls(far, { ...idle, drain: () => new Promise(() => {}) });
    const remote = new RemotePlane(near);
    const draining = remote.drain();
    near.close();
    await t.rejects(draining, ChannelClosed);
    await t.rejects(remote.report(), ChannelClosed);
  },
);

t.test("RemotePlane tells of every sign of life, answers too", async (t) => {
  const [near, far] = channelPair(t);
  const remote = new RemotePlane(near);
  let beats = 0;
  const beaten = Promise.withResolvers<void>();
  remote.onBeat = () => {
    beats++;
    beaten.resolve();
  };
  sendBeat(far);
  await beaten.promise;
  t.equal(beats, 1);
  serveCalls(far, idle);
  await remote.report();
  t.equal(beats, 2);
});
