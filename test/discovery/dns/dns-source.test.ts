import t, { type Test } from "tap";
import { isSureOfNone } from "#no-records";
import type { SourceOptions } from "../../../core/discovery/source.ts";
import { type DnsRecord, DnsServer } from "../dns-server.ts";
import { startSource } from "../recording.ts";

const name = "api.internal";

function record(type: DnsRecord["type"], data: string, ttl = 30): DnsRecord {
  return { type, data, ttl };
}

/** A name server that knows one name, and a source that asks it. */
async function started(t: Test, answer: Parameters<DnsServer["set"]>[1], options: SourceOptions = {}) {
  const server = await DnsServer.start(t);
  server.set(name, answer);
  const config = { kind: "dns", host: name, port: 80 } as const;
  return { server, ...startSource(t, config, { dnsServers: [server.address], dnsTimeout: 200, ...options }) };
}

t.test(
  "addresses of both families are endpoints, and are looked up again when the first expires",
  async (t) => {
    const { server, told, clock } = await started(t, [
      record("A", "10.0.0.1", 30),
      record("A", "10.0.0.2", 30),
      record("AAAA", "fd00::1", 7),
    ]);
    await told.until(({ lists }) => lists.length === 1);
    t.same(told.latest?.sort(), ["10.0.0.1:80", "10.0.0.2:80", "fd00::1:80"]);

    server.set(name, [record("A", "10.0.0.3", 30)]);
    await clock.pass(7_000);
    await told.until(({ lists }) => lists.length === 2);
    t.ok(told.latest?.includes("10.0.0.3:80"), "the new address is there");
    t.notOk(told.latest?.includes("10.0.0.1:80"), "and the old one is gone");
  },
);

t.test("a name is asked for at most once a second and at least every five minutes", async (t) => {
  const { server, clock, told } = await started(t, [record("A", "10.0.0.1", 0)]);
  await clock.untilWaiting(1_000);
  server.set(name, [record("A", "10.0.0.1", 86_400)]);
  clock.advance(1_000);
  await clock.untilWaiting(300_000);
  t.same(told.problems, []);
});

t.test("an alias is followed", async (t) => {
  const { server, told } = await started(t, [record("CNAME", "other.internal", 60)]);
  server.set("other.internal", [record("A", "10.0.0.9", 60)]);
  await told.until(({ lists }) => lists.length === 1);
  t.same(told.latest, ["10.0.0.9:80"]);
});

t.test("an answer that is too long for a datagram is asked for by TCP", async (t) => {
  const many = Array.from({ length: 300 }, (_, index) => record("A", `10.1.${index >> 8}.${index & 255}`));
  const { told } = await started(t, many);
  await told.until(({ lists }) => lists.length === 1);
  t.equal(told.latest?.length, 300);
});

t.test(
  "a name that is gone keeps its addresses, which is told once, and again when it is back",
  async (t) => {
    const { server, told, clock } = await started(t, [record("A", "10.0.0.1", 5)]);
    await told.until(({ lists }) => lists.length === 1);
    server.set(name, "no-such-name");
    await clock.pass(5_000);
    await told.until(({ problems }) => problems.length === 1);
    t.match(told.problems[0], /^dns api\.internal:80: no .*addresses of api\.internal found/);

    // Back-off: 1 s, 2 s, 4 s, up to a minute.
    for (const wait of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000]) await clock.pass(wait);
    await clock.untilWaiting(60_000);
    t.equal(told.lists.length, 1, "the last good list stays");
    t.equal(told.problems.length, 1, "and nothing more is told");

    server.set(name, [record("A", "10.0.0.2", 5)]);
    await clock.pass(60_000);
    await told.until(({ recoveries }) => recoveries.length === 1);
    t.same(told.recoveries, ["dns api.internal:80 works again"]);
    t.same(told.latest, ["10.0.0.2:80"]);
    await clock.untilWaiting(5_000);
  },
);

t.test("a name without addresses is no answer either", async (t) => {
  const { server, told, clock } = await started(t, []);
  await told.until(({ problems }) => problems.length === 1);
  server.set(name, [record("A", "10.0.0.1")]);
  await clock.pass(1_000);
  await told.until(({ recoveries }) => recoveries.length === 1);
  t.same(told.latest, ["10.0.0.1:80"]);
});

for (const failure of ["server-failure", "refused", "silence", "garbage"] as const) {
  t.test(`${failure} of a name server keeps what is known`, async (t) => {
    const { server, told, clock } = await started(t, [record("A", "10.0.0.1", 5)]);
    await told.until(({ lists }) => lists.length === 1);
    server.set(name, failure);
    await clock.pass(5_000);
    await told.until(({ problems }) => problems.length > 0);
    server.set(name, [record("A", "10.0.0.1", 5)]);
    await clock.pass(1_000);
    await told.until(({ recoveries }) => recoveries.length === 1);
    t.ok(told.lists.every((list) => list.length === 1));
  });
}

t.test("a family that goes away is dropped where the runtime tells that from a failure", async (t) => {
  const { server, told, clock } = await started(t, [
    record("A", "10.0.0.1", 5),
    record("AAAA", "fd00::1", 5),
  ]);
  await told.until(({ lists }) => lists.length === 1);
  server.set(name, [record("A", "10.0.0.1", 5)]);
  await clock.pass(5_000);
  await told.until(({ lists }) => lists.length === 2);
  t.same(told.latest, isSureOfNone ? ["10.0.0.1:80"] : ["10.0.0.1:80", "fd00::1:80"]);
  t.equal(told.problems.length, isSureOfNone ? 0 : 1);
});

t.test(
  "a name server that fails for one family takes no address of the other, nor of that one",
  async (t) => {
    const { server, told, clock } = await started(t, [
      record("A", "10.0.0.1", 5),
      record("AAAA", "fd00::1", 5),
    ]);
    await told.until(({ lists }) => lists.length === 1);
    server.set(`AAAA ${name}`, "server-failure");
    server.set(name, [record("A", "10.0.0.2", 30)]);
    await clock.pass(5_000);
    await told.until(({ lists }) => lists.length === 2);
    t.same(told.latest, ["10.0.0.2:80", "fd00::1:80"]);
    t.equal(told.problems.length, 1);
    // It is asked again sooner than the record ends.
    server.set(`AAAA ${name}`, [record("AAAA", "fd00::2", 30)]);
    await clock.pass(10_000);
    await told.until(({ recoveries }) => recoveries.length === 1);
    t.same(told.latest, ["10.0.0.2:80", "fd00::2:80"]);
  },
);

t.test("an alias that leads nowhere keeps what is known", async (t) => {
  const { server, told, clock } = await started(t, [record("A", "10.0.0.1", 5)]);
  await told.until(({ lists }) => lists.length === 1);
  server.set(name, [record("CNAME", "nowhere.internal", 5)]);
  await clock.pass(5_000);
  await told.until(({ problems }) => problems.length === 1);
  t.same(told.latest, ["10.0.0.1:80"]);
});

t.test("only families that can be reached are asked for", async (t) => {
  const answer = [record("A", "10.0.0.1"), record("AAAA", "fd00::1")];
  const { server, told } = await started(t, answer, { families: [4] });
  await told.until(({ lists }) => lists.length === 1);
  t.same(told.latest, ["10.0.0.1:80"]);
  t.same(server.queries, [`A ${name}`]);
});

t.test("an address in the place of the name stands for itself", async (t) => {
  const { told } = startSource(t, { kind: "dns", host: "fd00::7", port: 81 });
  await told.until(({ lists }) => lists.length === 1);
  t.same(told.latest, ["fd00::7:81"]);
});

t.test("close ends a question that is under way, and nothing is told any more", async (t) => {
  const { server, source, told, clock } = await started(t, "silence", { dnsTimeout: 60_000 });
  await server.untilSilent();
  source.close();
  source.close();
  await new Promise((resolve) => setImmediate(resolve));
  t.same([told.lists, told.problems, clock.waits], [[], [], []]);
});

t.test("a source is started once", async (t) => {
  const { source, told } = await started(t, [record("A", "10.0.0.1")]);
  t.throws(() => source.start(told), { message: "Cannot start dns api.internal:80: it was started before" });
});

t.test(
  "the name servers of the config are asked, in the place of those of the options or the system",
  async (t) => {
    const [named, other] = [await DnsServer.start(t), await DnsServer.start(t)];
    named.set(name, [record("A", "10.0.0.1")]);
    other.set(name, [record("A", "10.0.0.2")]);
    const config = { kind: "dns", host: name, port: 80, resolvers: [named.address] } as const;
    const { told } = startSource(t, config, { dnsServers: [other.address], dnsTimeout: 200 });
    await told.until(({ lists }) => lists.length === 1);
    t.same(told.latest, ["10.0.0.1:80"]);
  },
);
