import t, { type Test } from "tap";
import { toTargets } from "../../../core/discovery/dns/srv-records.ts";
import { type DnsRecord, DnsServer } from "../dns-server.ts";
import { startSource } from "../recording.ts";

const name = "_http._tcp.api.internal";

function record(type: DnsRecord["type"], data: string, ttl = 20): DnsRecord {
  return { type, data, ttl };
}

async function started(t: Test, names: Readonly<Record<string, Parameters<DnsServer["set"]>[1]>>) {
  const server = await DnsServer.start(t);
  for (const [host, answer] of Object.entries(names)) server.set(host, answer);
  return {
    server,
    ...startSource(t, { kind: "srv", name }, { dnsServers: [server.address], dnsTimeout: 200 }),
  };
}

t.test("targets become endpoints with their port, weight and rank of priority", async (t) => {
  const { told, clock } = await started(t, {
    [name]: [
      record("SRV", "20 3 8080 A.internal"),
      record("SRV", "20 1 8081 b.internal"),
      record("SRV", "500 1 80 b.internal"),
    ],
    "a.internal": [record("A", "10.0.0.1"), record("AAAA", "fd00::1", 12)],
    "b.internal": [record("A", "10.0.0.2")],
  });
  await told.until(({ lists }) => lists.length === 1);
  const shown = told.lists[0]!.map(({ host, port, weight, priority }) => [host, port, weight, priority]);
  t.same(shown.sort(), [
    ["10.0.0.1", 8080, 3, 0],
    ["10.0.0.2", 80, 1, 1],
    ["10.0.0.2", 8081, 1, 0],
    ["fd00::1", 8080, 3, 0],
  ]);
  t.same(told.problems, []);
  await clock.untilWaiting(12_000);
});

t.test("records are looked up again after 30 s, however long their targets are good", async (t) => {
  const { server, told, clock } = await started(t, {
    [name]: [record("SRV", "0 1 80 a.internal", 3600)],
    "a.internal": [record("A", "10.0.0.1", 3600)],
    "b.internal": [record("A", "10.0.0.2", 3600)],
  });
  await clock.untilWaiting(30_000);
  server.set(name, [record("SRV", "0 1 80 b.internal", 3600)]);
  clock.advance(30_000);
  await told.until(({ lists }) => lists.length === 2);
  t.same(told.latest, ["10.0.0.2:80"]);
});

t.test("a target that cannot be looked up keeps its addresses, and is looked up sooner", async (t) => {
  const { server, told, clock } = await started(t, {
    [name]: [record("SRV", "0 1 80 a.internal"), record("SRV", "0 1 80 b.internal")],
    "a.internal": [record("A", "10.0.0.1")],
    "b.internal": [record("A", "10.0.0.2")],
  });
  await told.until(({ lists }) => lists.length === 1);
  server.set("b.internal", "server-failure");
  await clock.pass(20_000);
  await told.until(({ lists }) => lists.length === 2);
  t.same(told.latest?.sort(), ["10.0.0.1:80", "10.0.0.2:80"]);
  t.equal(told.problems.length, 1);

  server.set("b.internal", [record("A", "10.0.0.3")]);
  await clock.pass(10_000);
  await told.until(({ recoveries }) => recoveries.length === 1);
  t.same(told.latest?.sort(), ["10.0.0.1:80", "10.0.0.3:80"]);
});

t.test("a target that was dropped and comes back has no memory", async (t) => {
  const { server, told, clock } = await started(t, {
    [name]: [record("SRV", "0 1 80 a.internal"), record("SRV", "0 1 80 b.internal")],
    "a.internal": [record("A", "10.0.0.1")],
    "b.internal": [record("A", "10.0.0.2")],
  });
  await told.until(({ lists }) => lists.length === 1);
  server.set(name, [record("SRV", "0 1 80 a.internal")]);
  await clock.pass(20_000);
  await told.until(({ lists }) => lists.length === 2);
  server.set("b.internal", "no-such-name");
  server.set(name, [record("SRV", "0 1 80 a.internal"), record("SRV", "0 1 80 b.internal")]);
  await clock.pass(20_000);
  await told.until(({ lists }) => lists.length === 3);
  t.same(told.latest, ["10.0.0.1:80"]);
});

t.test("the root as the only target says that the service is not available", async (t) => {
  const { server, told, clock } = await started(t, {
    [name]: [record("SRV", "0 1 80 a.internal")],
    "a.internal": [record("A", "10.0.0.1")],
  });
  await told.until(({ lists }) => lists.length === 1);
  server.set(name, [record("SRV", "0 0 0 .")]);
  await clock.pass(20_000);
  await told.until(({ lists }) => lists.length === 2);
  t.same(told.latest, []);
  t.same(told.problems, []);
});

for (const failure of ["no-such-name", "server-failure", "silence", []] as const) {
  t.test(
    `${failure.length === 0 ? "no records" : failure} for the service keeps what is known`,
    async (t) => {
      const { server, told, clock } = await started(t, {
        [name]: [record("SRV", "0 1 80 a.internal")],
        "a.internal": [record("A", "10.0.0.1")],
      });
      await told.until(({ lists }) => lists.length === 1);
      server.set(name, failure);
      await clock.pass(20_000);
      await told.until(({ problems }) => problems.length === 1);
      t.equal(told.lists.length, 1);
      await clock.untilWaiting(1_000);
    },
  );
}

t.test("of more than 256 targets the first ones by name are looked up", async (t) => {
  const targets = Array.from({ length: 260 }, (_, index) => `t${String(index).padStart(3, "0")}.internal`);
  const addresses = targets.map((target, index) => [target, [record("A", `10.0.1.${index % 256}`)]] as const);
  const { told } = await started(t, {
    [name]: targets.map((target) => record("SRV", `0 1 80 ${target}`)),
    ...Object.fromEntries(addresses),
  });
  await told.until(({ problems }) => problems.length === 1);
  t.equal(told.lists[0]?.length, 256);
  t.match(told.problems[0], /found 260 targets, of which the first 256 are looked up/);
});

t.test("priorities are ranks, and a weight of 0 is a very small chance beside others", async (t) => {
  const srv = (priority: number, weight: number) => ({
    name: `p${priority}w${weight}`,
    port: 80,
    priority,
    weight,
  });
  const shown = (records: ReturnType<typeof srv>[]) =>
    toTargets(records).map(({ name, priority, weight }) => [name, priority, weight]);
  t.same(shown([srv(900, 2), srv(7, 1)]), [
    ["p7w1", 0, 1],
    ["p900w2", 1, 2],
  ]);
  t.same(shown([srv(0, 0), srv(0, 20), srv(0, 10)]), [
    ["p0w0", 0, 1],
    ["p0w20", 0, 10_000],
    ["p0w10", 0, 5_000],
  ]);
  t.same(shown([srv(0, 0), srv(1, 65_535), srv(1, 6553)]), [
    ["p0w0", 0, 1],
    ["p1w65535", 1, 10_000],
    ["p1w6553", 1, 1_000],
  ]);
  t.same(shown([]), []);
});
