/**
 * Times the choice of an endpoint, and what is learnt of its answer, without the proxy around it: in a loop, where all that
 * it touches is in the caches, and each time after so much other memory was read that it is not. Its arguments are
 * the way to balance and the number of endpoints; it prints one line of JSON in ns.
 */
import { configFromFlags } from "../../core/config/from-flags.ts";
import type { BalanceKind } from "../../core/config/traffic-model.ts";
import { Reactor } from "../../core/net/reactor.ts";
import { Metrics } from "../../core/observe/metrics.ts";
import type { PickContext } from "../../core/upstream/balance/candidate.ts";
import { Cluster } from "../../core/upstream/cluster.ts";
import type { Endpoint } from "../../core/upstream/endpoint.ts";
import { upstreamServices } from "../../core/upstream/services.ts";
import { median } from "../rows/statistics.ts";

const warmRounds = 15;
const picksPerRound = 100_000;
const coldPicks = 3000;
/** Requests under way at once. */
const inFlight = 64;
/** More than the caches of one core hold. */
const otherMemory = new Uint8Array(8 * 1024 * 1024);
const cacheLine = 64;

const [balance, endpoints] = process.argv.slice(2) as [BalanceKind, string];
const cluster = createCluster(balance, Number(endpoints));
const contexts = Array.from({ length: 1024 }, (_, i): PickContext<Endpoint> => {
  return { hash: Math.imul(i + 1, 0x9e3779b1) >>> 0, exclude: null };
});
const busy: Endpoint[] = [];
let turn = 0;

function createCluster(balance: BalanceKind, count: number): Cluster {
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const reactor = new Reactor(new Metrics(), silent);
  const config = configFromFlags({
    upstreams: Array.from({ length: count }, (_, i) => ({
      address: { host: `10.0.0.${i + 1}`, port: 80 },
      weight: 1,
      zone: null,
      priority: 0,
      authority: `10.0.0.${i + 1}:80`,
      secure: false,
    })),
  });
  const hashKey = { kind: "header", name: "x-user" } as const;
  const { limits } = config;
  return new Cluster(
    { ...config.clusters[0]!, balance, hashKey },
    limits,
    reactor,
    upstreamServices(reactor),
  );
}

/** One request comes, and the oldest is answered. */
function step(): void {
  const endpoint = cluster.pick(contexts[turn & 1023]);
  endpoint.inFlight++;
  const before = busy[turn % inFlight];
  if (before !== undefined) {
    before.inFlight--;
    before.onResult(true, 1 + (turn & 7));
  }
  busy[turn % inFlight] = endpoint;
  turn++;
}

/** ns for each call of `step`. */
function warm(): number {
  const began = performance.now();
  for (let i = 0; i < picksPerRound; i++) step();
  return ((performance.now() - began) / picksPerRound) * 1e6;
}

/** ns for one call of a function whose data is in no near cache. */
function cold(run: () => void): number {
  let sum = 0;
  for (let i = 0; i < otherMemory.length; i += cacheLine) sum += otherMemory[i]!;
  otherMemory[0] = sum & 1;
  const began = performance.now();
  run();
  return (performance.now() - began) * 1e6;
}

function nothing(): void {}

const rounds = Array.from({ length: warmRounds }, warm);
const times: number[] = [];
const clock: number[] = [];
for (let i = 0; i < coldPicks; i++) {
  clock.push(cold(nothing));
  times.push(cold(step));
}
// The first rounds were compiled while they ran.
const pick = median(rounds.slice(warmRounds >> 1));
process.stdout.write(`${JSON.stringify({ pick, pickCold: median(times) - median(clock) })}\n`);
process.exit();
