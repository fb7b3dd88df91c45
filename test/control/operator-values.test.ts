/** Values that an operator puts into the kv of plugins while Sluice runs. */
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import t from "tap";
import { OperatorValues } from "../../core/control/operator-values.ts";
import { type PinnedValue, PinnedValues } from "../../core/store/kv/pinned-values.ts";
import { recordFor, startKeyed } from "./keyed-sluice.ts";
import { startSluice } from "./running-sluice.ts";

t.test("keys outlive the data process, and with --state the whole of Sluice", async (t) => {
  const folder = t.testdir();
  const state = join(folder, "state");
  const first = await startKeyed(t, folder, { args: ["--state", state] });
  const record = recordFor("secret", "billing");
  await first.post({ plugin: "auth", ...record });
  t.equal(await first.show("secret"), 200);
  const other = recordFor("revoked", "other");
  await first.post({ plugin: "auth", ...other });
  t.equal(await first.show("revoked"), 200);
  await first.post({ plugin: "auth", key: other.key, value: null });
  const file = join(state, "operator-values.json");
  t.equal(statSync(file).mode & 0o777, 0o600);

  process.kill(first.sluice.dataPid(), "SIGKILL");
  const meanwhile = recordFor("meanwhile", "third");
  t.equal((await first.post({ plugin: "auth", ...meanwhile })).status, 200, "also while there is none");
  await first.sluice.line("Data process serves again");
  for (const key of ["secret", "meanwhile"]) t.equal(await first.show(key), 200, key);
  first.sluice.signal("SIGTERM");
  await first.sluice.exitCode();

  const second = await startKeyed(t, folder, { args: ["--state", state] });
  t.equal(await second.show("secret"), 200);
  t.equal(await second.show("revoked"), 401);
});

t.test("without --state they end with the process", async (t) => {
  const folder = t.testdir();
  const first = await startKeyed(t, folder);
  await first.post({ plugin: "auth", ...recordFor("secret", "billing") });
  t.equal(await first.show("secret"), 200);
  first.sluice.signal("SIGTERM");
  await first.sluice.exitCode();
  const second = await startKeyed(t, folder);
  t.equal(await second.show("secret"), 401);
});

t.test("attack: a flood of values of the plugin's own pushes no key out", async (t) => {
  const folder = t.testdir({
    plugins: {
      // One that shares the name is the one that counts: it fills the room of its namespace.
      "auth.ts": `export default { capabilities: { kv: true }, async onRequest(request, ctx) {
        if (request.headers.get("x-fill")) for (let i = 0; i < 64; i++) await ctx.kv.set("x" + i + request.headers.get("x-fill"), "v".repeat(100_000));
        const found = await ctx.kv.get("mine") ?? null;
        const refused = await ctx.kv.set("mine", 1).catch((error) => error.name);
        const kept = await ctx.kv.delete("mine").catch((error) => error.name);
        return Response.json([found, refused ?? null, kept]);
      } };`,
    },
  });
  const file = join(folder, "sluice.yaml");
  writeFileSync(
    file,
    `listeners: [{ address: 127.0.0.1:0 }]
admin: { address: 127.0.0.1:0 }
workers: 2
accessLog: false
# A machine that is busy with something else is not what is tested.
plugins: { directory: plugins, settings: { auth: { grants: { kv: true }, limits: { cpu: 10s, wall: 30s } } } }
routes: [{ respond: { status: 204 }, policies: [auth] }]
`,
  );
  const sluice = startSluice(t, "--config", file);
  const [url, admin] = [await sluice.url(), await sluice.adminUrl()];
  const response = await fetch(`${admin}/kv`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ plugin: "auth", key: "mine", value: { of: "the operator" } }),
  });
  t.equal(response.status, 200);
  for (let i = 0; i < 20; i++) await (await fetch(url, { headers: { "x-fill": `${i}` } })).text();
  for (let i = 0; i < 4; i++) {
    const seen = await (await fetch(url, { headers: { connection: "close" } })).json();
    t.same(seen, [{ of: "the operator" }, "NotAllowedError", "NotAllowedError"]);
  }
});

t.test("POST /kv refuses what it does not understand, and what is too large", async (t) => {
  const { post, show } = await startKeyed(t, t.testdir());
  const wrong = [
    {},
    [],
    { plugin: "auth" },
    { plugin: 1, key: "k", value: 1 },
    { plugin: "", key: "k", value: 1 },
    { plugin: "auth", key: "", value: 1 },
    { plugin: "auth", key: "k" },
    { plugin: "auth", key: "k", prefix: "k", value: 1 },
    { plugin: "auth", key: "k", value: 1, ttl: 5 },
    { plugin: "auth", prefix: 1 },
  ];
  for (const body of wrong) t.equal((await post(body)).status, 400, JSON.stringify(body));
  t.equal((await post({ plugin: "auth", key: "k", value: "v".repeat(16_384) })).status, 422);
  t.equal((await post({ plugin: "auth", key: "k".repeat(1025), value: 1 })).status, 422);
  t.same((await post({ plugin: "__proto__", key: "toString", value: 1 })).body, { replaced: false });
  t.same((await post({ plugin: "auth", prefix: "" })).body, { values: [] });
  t.same((await post({ plugin: "auth", key: "api-key:x", value: { a: 1 } })).body, { replaced: false });
  t.same((await post({ plugin: "auth", prefix: "api-" })).body, {
    values: [{ key: "api-key:x", value: { a: 1 } }],
  });
  t.same((await post({ plugin: "auth", key: "api-key:x", value: null })).body, { replaced: true });
  t.equal(await show("any"), 401);
});

t.test("attack: a page in the operator's browser cannot add a key", async (t) => {
  const { sluice } = await startKeyed(t, t.testdir());
  const admin = await sluice.adminUrl();
  const body = JSON.stringify({ plugin: "auth", key: "api-key:x", value: {} });
  const plain = await fetch(`${admin}/kv`, {
    method: "POST",
    headers: { "content-type": "text/plain" },
    body,
  });
  t.equal(plain.status, 415);
  const json = { "content-type": "application/json" };
  const other = await fetch(`${admin}/kv`, {
    method: "POST",
    headers: { ...json, origin: "http://evil.example" },
    body,
  });
  t.equal(other.status, 403);
  t.equal((await fetch(`${admin}/kv`)).status, 405, "and nobody reads it by GET");
});

t.test("a file of values that is damaged, or that others may write, is not believed", async (t) => {
  const folder = t.testdir();
  const open = async () => {
    const applied: PinnedValue[] = [];
    const values = new OperatorValues({ folder, apply: async (changes) => void applied.push(...changes) });
    await values.load();
    return { values, applied };
  };
  const { values } = await open();
  await values.set({ plugin: "auth", key: "k", value: "1" });
  const kept = [{ plugin: "auth", key: "k", value: "1" }];
  t.same((await open()).applied, kept);
  const file = join(folder, "operator-values.json");
  const good = readFileSync(file);
  for (const junk of [
    "",
    "{",
    "null",
    "[]",
    '{"format":"sluice-values-1"}',
    '{"format":"sluice-values-1","values":[{}]}',
  ]) {
    writeFileSync(file, junk);
    await t.rejects(open(), { name: "StateError", message: `Cannot use ${file}: ` }, junk);
  }
  writeFileSync(file, good);
  t.same((await open()).applied, kept);
  chmodSync(file, 0o666);
  await t.rejects(open(), { name: "StateError", message: /others may write it/ });
});

t.test("changes that come together are all kept, the last one of each", async (t) => {
  const folder = t.testdir();
  const values = new OperatorValues({ folder, apply: async () => {} });
  const changes = Array.from({ length: 60 }, (_, i) => ({ plugin: "p", key: `k${i % 7}`, value: `${i}` }));
  await Promise.all(changes.map((change) => values.set(change)));
  const file = JSON.parse(readFileSync(join(folder, "operator-values.json"), "utf8"));
  t.same(file.values, values.list("p"));
  t.same(
    new Map(file.values.map(({ key, value }: PinnedValue) => [key, value])),
    new Map(changes.map(({ key, value }) => [key, value])),
  );
});

t.test("attack: a key that one instance revoked does not come back with a change at another", async (t) => {
  const folder = t.testdir();
  const open = async () => {
    const plugin = new PinnedValues();
    const values = new OperatorValues({
      folder,
      apply: async (changes) => {
        for (const change of changes) plugin.set(change);
      },
    });
    await values.load();
    return { values, plugin };
  };
  const set = ({ values }: Awaited<ReturnType<typeof open>>, key: string, value: string | null) =>
    values.set({ plugin: "auth", key, value });
  const first = await open();
  await set(first, "alice", "1");
  await set(first, "changed", "1");
  const second = await open();
  await set(first, "alice", null);
  await set(first, "changed", "2");
  await Promise.all([set(second, "bob", "3"), delay(1).then(() => set(second, "carol", "4"))]);
  const expected = [
    { plugin: "auth", key: "carol", value: "4" },
    { plugin: "auth", key: "changed", value: "2" },
    { plugin: "auth", key: "bob", value: "3" },
  ];
  const byKey = (list: readonly PinnedValue[]) => new Map(list.map(({ key, value }) => [key, value]));
  for (const { values, plugin } of [second, await open()]) {
    t.same(byKey(values.list("auth")), byKey(expected));
    t.same(byKey(plugin.list("auth")), byKey(expected), "and the plugins have them");
  }
});

t.test("a change that could not be kept is kept with the next", async (t) => {
  const folder = join(t.testdir({ state: "no folder" }), "state");
  const values = new OperatorValues({ folder, apply: async () => {} });
  await t.rejects(values.set({ plugin: "p", key: "first", value: "1" }));
  rmSync(folder);
  await values.set({ plugin: "p", key: "second", value: "2" });
  const kept = JSON.parse(readFileSync(join(folder, "operator-values.json"), "utf8"));
  t.same(
    kept.values.map(({ key }: PinnedValue) => key),
    ["first", "second"],
  );
});

t.test("values are bounded together, and what is taken away makes room", async (t) => {
  const values = new OperatorValues({ folder: null, apply: async () => {} });
  const change = (i: number, value: string | null) => values.set({ plugin: "p", key: `${i}`, value });
  const long = "v".repeat(16_384);
  let taken = 0;
  await t.rejects(
    async () => {
      for (;;) await change(taken++, long);
    },
    { name: "ValueRefused", message: /together/ },
  );
  t.equal(values.list("p").length, taken - 1);
  t.ok(taken > 1000, `${taken}`);
  await change(0, null);
  await change(5000, long);
  await t.rejects(change(5001, long), { name: "ValueRefused" });
});

t.test(
  "attack: what two instances keep at once is kept, also where both have the same process number",
  async (t) => {
    const folder = t.testdir();
    const instances = [1, 2].map(() => new OperatorValues({ folder, apply: async () => {} }));
    await Promise.all(instances.map((values) => values.load()));
    const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
    await Promise.all(
      instances.flatMap((values, own) =>
        keys.map((key) => values.set({ plugin: "p", key: `${key}-${own}`, value: "1" })),
      ),
    );
    const after = new OperatorValues({ folder, apply: async () => {} });
    await after.load();
    t.equal(after.list("p").length, 40);
    t.same(readdirSync(folder), ["operator-values.json"]);
  },
);

t.test("a lock that nobody gives back is taken after some seconds", async (t) => {
  const folder = t.testdir({ "operator-values.lock": {} });
  const values = new OperatorValues({ folder, apply: async () => {} });
  await values.set({ plugin: "p", key: "k", value: "1" });
  t.same(readdirSync(folder), ["operator-values.json"]);
});
