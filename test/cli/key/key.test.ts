/** `sluice key`, as an operator types it. */
import { join } from "node:path";
import t from "tap";
import { sluiceKey, startKeyed } from "../../control/keyed-sluice.ts";
import { missing } from "../../support/missing.ts";
import { startRedis } from "../../support/redis-server.ts";

t.test("a key is added, listed, disabled and revoked while Sluice runs, for every worker", async (t) => {
  const { show, key } = await startKeyed(t, t.testdir(), { workers: 2 });
  const all = async (shown: string) =>
    new Set(await Promise.all(Array.from({ length: 12 }, () => show(shown))));
  const added = await key(
    "add",
    "billing",
    "--scopes",
    "a,b",
    "--expires",
    "2999-01-01",
    "--claims",
    '{"tenant":"acme"}',
  );
  t.equal(added.code, 0, added.stderr);
  const shown = added.stdout.trim();
  t.match(shown, /^slk_[A-Za-z0-9_-]{43}$/);
  t.match(added.stderr, /^added key [0-9a-f]{12} of billing; it is not shown again:\n$/);
  t.same(await all(shown), new Set([200]));
  t.equal(await show(`${shown}x`), 401);
  const { stdout } = await key("list");
  t.match(
    stdout,
    /^ID +SUBJECT +SCOPES +GROUPS +EXPIRES +STATE\n[0-9a-f]{12} +billing +a,b +- +2999-01-01 +good\n$/,
  );
  t.notMatch(stdout, shown);
  t.match(JSON.parse((await key("list", "--json")).stdout), [
    { subject: "billing", claims: { tenant: "acme" } },
  ]);
  const [id = ""] = /[0-9a-f]{12}/.exec(stdout) ?? [];
  t.equal((await key("disable", id)).code, 0);
  t.same(await all(shown), new Set([401]));
  t.match((await key("list")).stdout, /disabled\n$/);
  t.equal((await key("enable", id)).code, 0);
  t.same(await all(shown), new Set([200]));
  t.match((await key("revoke", id)).stderr, /^revoked key/);
  t.same(await all(shown), new Set([401]));
  t.equal((await key("list")).stdout, "There are no keys\n");
  const none = await key("revoke", id);
  t.equal(none.code, 1);
  t.equal(none.stderr, `sluice: There is no key ${id}\n`);
});

t.test("Attack: a subject writes nothing to the terminal that steers it", async (t) => {
  const { key } = await startKeyed(t, t.testdir(), { workers: 1 });
  const subject = "a\x1b]0;x\x07\x9b2J\u202e\u{e0001}b";
  const { stderr } = await key("add", subject);
  t.match(stderr, "of a?]0;x??2J??b; it is not shown again:\n");
  const { stdout } = await key("list", "--json");
  t.match(stdout, /"a\\u001b\]0;x\\u0007\\u009b2J\\u202e\\udb40\\udc01b"/);
  t.match(JSON.parse(stdout), [{ subject }]);
  const id = /[0-9a-f]{12}/.exec(stderr)![0];
  t.match((await key("revoke", id)).stderr, "of a?]0;x??2J??b\n");
});

t.test(
  "keys in a store are added by one command for all who use it",
  { skip: missing("redis-server") },
  async (t) => {
    const redis = await startRedis(t);
    const extra = `stores: { shared: { redis: { url: "${redis.url}", keyPrefix: "shop:" } } }`;
    const settings = { extra, strategy: "store: shared, cacheFor: 0, unknownFor: 0" };
    const one = await startKeyed(t, t.testdir(), settings);
    const other = await startKeyed(t, t.testdir(), settings);
    const shown = (await one.key("add", "billing", "--store", "shared", "--groups", "g")).stdout.trim();
    t.match(shown, /^slk_/);
    for (const { show } of [one, other]) t.equal(await show(shown), 200);
    t.notMatch(await redis.say("KEYS", "*"), shown);
    const { stdout } = await other.key("list", "--store", "shared");
    t.match(stdout, /\n[0-9a-f]{12} +billing +- +g +never +good\n$/);
    const [id = ""] = /[0-9a-f]{12}/.exec(stdout) ?? [];
    t.equal((await other.key("revoke", id, "--store", "shared")).code, 0);
    for (const { show } of [one, other]) t.equal(await show(shown), 401);
    const unknown = await one.key("list", "--store", "other");
    t.equal(unknown.code, 2);
    t.match(unknown.stderr, /Unknown store "other": expected one of shared/);
    await redis.kill();
    const lost = await one.key("list", "--store", "shared");
    t.equal(lost.code, 1);
    t.match(lost.stderr, /^sluice: Cannot use the store shared: /);
  },
);

t.test("a Sluice that is not there is told as such", async (t) => {
  const folder = t.testdir({ "sluice.yaml": "routes: [{ respond: { status: 204 } }]\n" });
  const file = join(folder, "sluice.yaml");
  const { code, stderr } = await sluiceKey("list", "--config", file, "--admin", "127.0.0.1:1");
  t.equal(code, 1);
  t.match(stderr, /^sluice: Cannot ask the admin listener at 127\.0\.0\.1:1: .*ECONNREFUSED/);
  const off = await sluiceKey("list", "--config", file, "--admin", "off");
  t.equal(off.code, 2);
  t.match(off.stderr, /admin listener is off/);
});
