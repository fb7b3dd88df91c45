import t from "tap";
import { loadConfig } from "../../core/config/load.ts";
import { maskConfig } from "../../core/config/mask.ts";
import { ConfigError } from "../../core/config/problem.ts";
import { parseRedisUrl } from "../../core/config/redis-url.ts";
import type { RedisConfig } from "../../core/config/store-model.ts";

const clusters = "clusters: { app: { endpoints: [http://127.0.0.1:3000] } }\n";

function redisOf(text: string, env: Record<string, string> = {}): RedisConfig {
  const { stores } = loadConfig("sluice.yaml", `${clusters}stores: { shared: { redis: ${text} } }`, { env });
  return stores[0]!.redis;
}

function problemsOf(text: string): string[] {
  try {
    redisOf(text);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
  }
}

t.test("a store needs its URL and nothing else", async (t) => {
  t.same(redisOf("{ url: redis://redis.internal }"), {
    address: { host: "redis.internal", port: 6379 },
    database: 0,
    username: null,
    password: null,
    tls: null,
    keyPrefix: "sluice:",
    connectTimeout: 1000,
    commandTimeout: 100,
  });
  t.same(loadConfig("sluice.yaml", clusters, { env: {} }).stores, []);
});

t.test("rediss is TLS, verified unless it is said otherwise", async (t) => {
  const { tls, address, database } = redisOf("{ url: rediss://127.0.0.1:6380/2, commandTimeout: 1s }");
  t.same(tls, { verify: true, ca: null, serverName: null, cert: null, key: null });
  t.same([address, database], [{ host: "127.0.0.1", port: 6380 }, 2]);
});

t.test("parseRedisUrl reads what is a place, and nothing that only looks like one", async (t) => {
  t.same(parseRedisUrl("unix:/run/redis.sock")?.address, { path: "/run/redis.sock" });
  t.same(parseRedisUrl("redis://[::1]:7000/15"), {
    address: { host: "::1", port: 7000 },
    database: 15,
    secure: false,
  });
  const wrong = [
    "",
    "redis://",
    "redis://:6379",
    "http://127.0.0.1:6379",
    "redis://127.0.0.1:0",
    "redis://127.0.0.1:65536",
    "redis://127.0.0.1/first",
    "redis://127.0.0.1/99999",
    "redis://bob:secret@127.0.0.1",
    "redis://127.0.0.1?db=1",
    "redis://127.0.0.1/0/1",
    "127.0.0.1:6379",
  ];
  for (const text of wrong) t.equal(parseRedisUrl(text), null, text);
});

t.test("what is wrong with a store is told with its place", async (t) => {
  t.match(problemsOf("{ url: http://127.0.0.1 }"), [/^2:35 expected a URL such as "redis:/]);
  t.match(problemsOf("{}"), [/^2:28 expected key "url", found none/]);
  t.match(problemsOf("{ url: redis://127.0.0.1, tls: {} }"), [/expected tls only beside a URL with rediss/]);
  t.match(problemsOf("{ url: redis://127.0.0.1, username: bob }"), [/expected a password beside username/]);
  t.match(problemsOf("{ url: redis://127.0.0.1, commandTimeout: 2m }"), [/a duration from 1ms to 1m/]);
  t.match(problemsOf("{ url: redis://127.0.0.1, keyPrefix: '' }"), [/expected 1 to 64 characters/]);
  t.match(problemsOf("{ url: redis://127.0.0.1, host: b }"), [/unknown key "host"/]);
});

t.test("passwords of stores are neither in problems nor in what is shown", async (t) => {
  const [problem = ""] = problemsOf('{ url: "redis://bob:hunter2@127.0.0.1" }');
  t.match(problem, /without user name and password/);
  t.notMatch(problem, /hunter2/);
  const text = `${clusters}stores: { shared: { redis: { url: redis://127.0.0.1, password: hunter2 } } }`;
  const shown = maskConfig(loadConfig("sluice.yaml", text, { env: {} }));
  t.equal(shown.stores[0]!.redis.password, "***");
});
