/** `per: endpoint` on real sockets: of several endpoints those that fail are left out, and tried one request at a time. */
import t, { type Test } from "tap";
import type { Address } from "../../../core/config/model.ts";
import { stopBundler } from "../../../core/reload/bundle.ts";
import type { EngineName } from "../../../core/sandbox/engine.ts";
import type { HostClock } from "../../../core/sandbox/host/basic.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { field } from "../../support/message.ts";
import type { PolicySettings } from "../../support/policies.ts";
import { ok } from "../../support/raw-upstream.ts";
import {
  answerOf,
  type CountingUpstream,
  countsOf,
  ejecting,
  retrying,
  startCounting,
} from "../../upstream/endpoints.ts";

t.teardown(stopBundler);

const quick = { per: "endpoint", minimumCalls: 4, openTime: 5, openGrowth: 1, jitter: 0, probes: 1 };

/** The time that plugins see. */
class StoppedClock implements HostClock {
  #now = 1000;
  now = () => this.#now;
  after = (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  };
  advance(ms: number): void {
    this.#now += ms;
  }
}

interface Start {
  readonly config?: object;
  readonly engine?: EngineName;
  readonly count?: number;
  readonly settings?: Partial<PolicySettings>;
}

/** Endpoints in turn, and which of them fail. */
async function start(t: Test, { config, engine, count = 4, settings }: Start = {}) {
  const down = new Set<number>();
  const endpoints = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      startCounting(t, () => (down.has(i) ? answerOf(500, "bad") : ok(`${i}`))),
    ),
  );
  const clock = new StoppedClock();
  const gateway = await startBuiltInGateway(
    t,
    endpoints.map(({ address }) => address),
    [{ plugin: "breaker", config: { ...quick, ...config } }],
    {
      clock,
      cluster: { outlier: null, retryBudget: { ratio: 1, minimum: 100 } },
      ...(engine !== undefined && { engine, settings: { breaker: { engine } } }),
      ...settings,
    },
  );
  const statuses = async (times: number) => {
    const found: number[] = [];
    for (let turn = 0; turn < times; turn++) found.push((await gateway.ask(get())).status);
    return found;
  };
  return { ...gateway, clock, down, endpoints, statuses, asked: askedSince(endpoints) };
}

/** How often each was asked since it was asked about last. */
function askedSince(endpoints: readonly CountingUpstream[]): () => number[] {
  let before = countsOf(endpoints);
  return () => {
    const now = countsOf(endpoints);
    const since = now.map((count, i) => count - before[i]!);
    before = now;
    return since;
  };
}

const nameOf = (address: Address) => {
  const { host, port } = address as { host: string; port: number };
  return `${host}:${port}`;
};

const statesIn = (lines: readonly { fields: object }[]) =>
  lines.map(({ fields }) => (fields as { fields: { circuit: string; state: string } }).fields);

onEachEngine(
  "one of four that fails is left out, tried with one request, and asked as the others are when it is well",
  async (t, engine) => {
    const breaker = await start(t, { engine });
    const { asked, clock, down, lines, statuses } = breaker;
    down.add(2);
    const bad = (await statuses(40)).filter((status) => status === 500);
    t.equal(bad.length, 4, "as many as it takes to know");
    t.equal(asked()[2], 4);

    await clock.advance(4999);
    t.same(await statuses(12), Array(12).fill(200));
    t.same(asked(), [4, 4, 0, 4]);

    clock.advance(1);
    const trial = await statuses(9);
    t.same([trial[0], ...new Set(trial.slice(1))], [500, 200], "the first request is the trial");
    t.equal(asked()[2], 1);

    clock.advance(5000);
    down.clear();
    t.same(await statuses(9), Array(9).fill(200));
    asked();
    await statuses(16);
    t.same(asked(), [4, 4, 4, 4]);
    const circuit = `upstream/${nameOf(breaker.endpoints[2]!.address)}`;
    t.same(
      statesIn(lines).map(({ state }) => state),
      ["open", "half-open", "open", "half-open", "closed"],
    );
    t.ok(statesIn(lines).every((fields) => fields.circuit === circuit));
  },
);

t.test("requests at the same time are one trial, not many", async (t) => {
  const { ask, asked, clock, down, statuses } = await start(t);
  down.add(0);
  await statuses(40);
  asked();
  clock.advance(5000);
  await Promise.all(Array.from({ length: 20 }, () => ask(get())));
  t.equal(asked()[0], 1);
});

t.test("a request that is retried is counted for each endpoint that failed it", async (t) => {
  const retry = retrying({ on: [500] });
  const { asked, down, statuses, lines } = await start(t, { settings: { route: { retry } } });
  down.add(0).add(1);
  t.same(new Set(await statuses(60)), new Set([200]));
  const [first, second] = asked();
  t.same([first, second], [4, 4]);
  t.equal(statesIn(lines).filter(({ state }) => state === "open").length, 2);
});

t.test("a retry is no trial", async (t) => {
  const retry = retrying({ on: [500] });
  const { asked, clock, down, statuses } = await start(t, {
    count: 2,
    config: { probes: 1 },
    settings: { route: { retry } },
  });
  down.add(0).add(1);
  await statuses(8);
  asked();
  clock.advance(5000);
  await statuses(1);
  t.same(asked().toSorted(), [0, 1]);
});

t.test("when all are out of order clients are told when to come back, and nobody is asked", async (t) => {
  const { ask, asked, clock, counts, down, statuses } = await start(t, { count: 2 });
  down.add(0).add(1);
  t.same(await statuses(8), Array(8).fill(500));
  asked();
  clock.advance(1000);
  const refused = await ask(get());
  t.equal(refused.status, 503);
  t.equal(field(refused, "retry-after"), "4");
  t.match(JSON.parse(refused.body), { code: "circuit_open" });
  t.same(asked(), [0, 0]);
  t.ok(counts.includes("counter breaker refused_upstream 1"));
  down.clear();
  clock.advance(4000);
  t.same(await statuses(4), [200, 200, 200, 200]);
});

t.test("when all are out of order the other cluster answers, whose results are its own affair", async (t) => {
  const spare = await startCounting(t, () => answerOf(500, "spare"));
  const { ask, down, statuses, lines } = await start(t, {
    count: 2,
    config: { fallback: { cluster: "spare" } },
    settings: {
      config: (config) => ({
        ...config,
        clusters: [
          ...config.clusters,
          {
            ...config.clusters[0]!,
            name: "spare",
            endpoints: [{ ...config.clusters[0]!.endpoints[0]!, address: spare.address }],
          },
        ],
      }),
    },
  });
  down.add(0).add(1);
  await statuses(8);
  for (let turn = 0; turn < 10; turn++) t.equal((await ask(get())).body, "spare");
  t.equal(statesIn(lines).length, 2);
});

t.test("when all are out of order an answer that was kept is given", async (t) => {
  const { ask, down, statuses } = await start(t, { count: 1, config: { fallback: { stale: {} } } });
  t.equal((await ask(get())).body, "0");
  down.add(0);
  await statuses(6);
  const kept = await ask(get());
  t.match(kept, { status: 200, body: "0" });
  t.match(field(kept, "cache-status"), "circuit_open");
});

t.test(
  "an endpoint that gets no requests for its ill health is not tried, and costs no request",
  async (t) => {
    const { asked, clock, down, lines, statuses } = await start(t, {
      settings: { cluster: { outlier: ejecting({ consecutiveFailures: 4 }) } },
    });
    down.add(3);
    await statuses(40);
    down.clear();
    asked();
    for (let turn = 0; turn < 4; turn++) {
      clock.advance(5000);
      t.same(await statuses(6), Array(6).fill(200));
    }
    t.same(asked(), [8, 8, 8, 0]);
    t.same(
      statesIn(lines).map(({ state }) => state),
      ["open"],
    );
  },
);

t.test("a name for all of them is refused", async (t) => {
  await t.rejects(start(t, { config: { name: "all" } }), /name is for one circuit/);
});
