/** Where responses are kept, as a file says it. */
import t from "tap";
import { configFromFlags } from "../../core/config/from-flags.ts";
import { loadConfig } from "../../core/config/load.ts";
import { ConfigError, formatProblem } from "../../core/config/problem.ts";

const app = 'clusters: { app: { endpoints: ["http://127.0.0.1:3000"] } }\n';

function told(cache: string): string {
  try {
    loadConfig("sluice.yaml", `${app}cache: ${cache}`, { env: {} });
    return "";
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(formatProblem).join("\n");
  }
}

t.test("64 MiB of memory are for responses, unless the file says how much", async (t) => {
  const memoryOf = (text: string) => loadConfig("sluice.yaml", app + text, { env: {} }).cache.memory;
  t.equal(memoryOf(""), 64 * 1024 * 1024);
  t.equal(memoryOf("cache: {}"), 64 * 1024 * 1024);
  t.equal(memoryOf("cache: { memory: 1GiB }"), 1024 ** 3);
  t.equal(configFromFlags({}).cache.memory, 64 * 1024 * 1024);
});

t.test("nothing is kept on disk unless the file says where", async (t) => {
  const diskOf = (text: string) => loadConfig("/etc/s/sluice.yaml", app + text, { env: {} }).cache.disk;
  t.equal(diskOf("cache: {}"), null);
  t.same(diskOf("cache: { disk: { path: c } }"), { path: "/etc/s/c", size: 1024 ** 3, files: 50_000 });
  t.same(diskOf("cache: { disk: { path: /c, size: 2GiB, files: 500 } }"), {
    ...{ path: "/c", size: 2 * 1024 ** 3, files: 500 },
  });
});

const stores = "stores: { shared: { redis: { url: redis://127.0.0.1 } } }\n";

t.test("nothing is shared with other machines unless the file says in which store", async (t) => {
  const redisOf = (text: string) => loadConfig("sluice.yaml", app + stores + text, { env: {} }).cache.redis;
  t.equal(redisOf("cache: {}"), null);
  t.same(redisOf("cache: { redis: { store: shared } }"), {
    ...{ store: "shared", maxBody: 1024 ** 2, keep: 24 * 60 * 60 * 1000 },
  });
  t.same(redisOf("cache: { redis: { store: shared, maxBody: 64KiB, keep: 5m } }"), {
    ...{ store: "shared", maxBody: 64 * 1024, keep: 300_000 },
  });
});

t.test("what cannot be is told with its place", async (t) => {
  t.match(told("{ memory: 1KiB }"), 'sluice.yaml:2:18: expected a size from 1MiB to 64GiB, found "1KiB"');
  t.match(told("{ memory: much }"), /^sluice\.yaml:2:18: expected a size/);
  t.match(told("{ disk: {} }"), /^sluice\.yaml:2:\d+.*path/);
  t.match(told("{ disk: { path: /c, size: 1KiB } }"), /^sluice\.yaml:2:\d+: expected a size from 1MiB/);
  t.match(told("{ disk: { path: /c, files: 1 } }"), /^sluice\.yaml:2:\d+: expected a whole number from 100/);
  t.match(told("{ memori: 1GiB }"), /^sluice\.yaml:2:10/);
  t.match(told("{ redis: { store: s } }"), 'sluice.yaml:2:26: expected the name of a store, found "s"');
  t.match(told("{ redis: {} }"), /^sluice\.yaml:2:\d+.*store/);
  const known = (cache: string) => told(`${cache}\n${stores}`);
  t.match(
    known("{ redis: { store: shard } }"),
    /:2:26: expected the name of a store, one of shared, found "shard" .*"shared"/s,
  );
  t.match(known("{ redis: { store: shared, maxBody: 1B } }"), /:2:43: expected a size from 1KiB to 64MiB/);
  t.match(known("{ redis: { store: shared, keep: 1ms } }"), /:2:40: expected a duration from 1s to/);
  t.match(
    known("{ disk: { path: c }, redis: { store: shared } }"),
    /^sluice\.yaml:2:\d+: expected disk or redis behind memory, found both$/,
  );
});
