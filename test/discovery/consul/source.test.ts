import t, { type Test } from "tap";
import type { SourceConfig } from "../../../core/discovery/create-source.ts";
import { freePort } from "../../support/free-port.ts";
import { ApiServer, type Asked, untilGone } from "../api-server.ts";
import { startSource } from "../recording.ts";

/** ms that the source waits for an answer that is not held back, and for one that is. */
const [patience, blockingPatience] = [10_000, 68_437.5];

/** An entry of /v1/health/service/:service, in the shape of Consul's documentation. */
function entry(address: string, port: number, more: Readonly<Record<string, unknown>> = {}): object {
  return {
    Node: {
      ID: "40e4a748-2192-161a-0510-9bf59fe950b5",
      Node: "foobar",
      Address: "10.1.10.12",
      Datacenter: "dc1",
      TaggedAddresses: { lan: "10.1.10.12", wan: "10.1.10.12" },
      Meta: { instance_type: "t2.medium" },
    },
    Service: {
      ID: "redis",
      Service: "redis",
      Tags: ["primary"],
      Address: address,
      TaggedAddresses: { lan: { address, port } },
      Meta: { redis_version: "4.0" },
      Port: port,
      Weights: { Passing: 10, Warning: 1 },
      Namespace: "default",
      ...more,
    },
    Checks: [
      { Node: "foobar", CheckID: "serfHealth", Name: "Serf Health Status", Status: "passing", ServiceID: "" },
    ],
  };
}

function answer({ response }: Asked, index: number | string, entries: unknown, headers: object = {}): void {
  response.writeHead(200, {
    "content-type": "application/json",
    "x-consul-index": String(index),
    "x-consul-knownleader": "true",
    "x-consul-lastcontact": "0",
    ...headers,
  });
  response.end(JSON.stringify(entries));
}

function refuse({ response }: Asked, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain" }).end(text);
}

type ConsulConfig = Extract<SourceConfig, { kind: "consul" }>;

async function started(t: Test, more: Partial<ConsulConfig> = {}) {
  const api = await ApiServer.start(t);
  const config = {
    kind: "consul",
    url: api.url,
    service: "redis",
    tag: null,
    datacenter: null,
    token: null,
  } as const;
  return { api, ...startSource(t, { ...config, ...more }) };
}

/** Started, and told of one instance with index 10. */
async function settled(t: Test) {
  const all = await started(t);
  answer(await all.api.next(), 10, [entry("10.0.0.1", 80)]);
  await all.clock.pass(250);
  return { ...all, blocked: await all.api.next() };
}

t.test("the passing instances are asked for, and then what changes", async (t) => {
  const { api, told, clock } = await started(t);
  const first = await api.next();
  t.equal(first.request.url, "/v1/health/service/redis?passing=1");
  answer(first, 138, [entry("10.0.0.1", 8000), entry("", 8001)]);
  await told.until(({ lists }) => lists.length === 1);
  t.same(told.lists[0], [
    { host: "10.0.0.1", port: 8000, weight: 10, zone: null, priority: 0 },
    { host: "10.1.10.12", port: 8001, weight: 10, zone: null, priority: 0 },
  ]);

  // It came at once: the next question waits a little.
  await clock.pass(250);
  const second = await api.next();
  t.equal(second.request.url, "/v1/health/service/redis?passing=1&index=138&wait=55s");
  await clock.untilWaiting(blockingPatience);
  t.equal(api.unanswered, 0, "nothing else is asked while the agent holds its answer back");

  clock.advance(30_000);
  answer(second, 139, [entry("10.0.0.2", 8000)]);
  const third = await api.next();
  t.equal(third.url.searchParams.get("index"), "139", "asked at once, as the answer took its time");
  t.same(told.latest, ["10.0.0.2:8000"]);
});

t.test("service, tag, datacenter and token are sent as documented", async (t) => {
  const { api } = await started(t, { service: "a/b c", tag: "v 1", datacenter: "dc2", token: "secret" });
  const { url, request } = await api.next();
  t.equal(url.pathname, "/v1/health/service/a%2Fb%20c");
  t.same(
    [...url.searchParams],
    [
      ["passing", "1"],
      ["tag", "v 1"],
      ["dc", "dc2"],
    ],
  );
  t.equal(request.headers["x-consul-token"], "secret");
});

t.test("a path in the URL is kept", async (t) => {
  const api = await ApiServer.start(t);
  const config = { kind: "consul", service: "s", tag: null, datacenter: null, token: null } as const;
  startSource(t, { ...config, url: `${api.url}/consul/` });
  const { url, request } = await api.next();
  t.equal(url.pathname, "/consul/v1/health/service/s");
  t.notOk("x-consul-token" in request.headers);
});

t.test("an empty list is an answer: all instances are gone", async (t) => {
  const { told, blocked } = await settled(t);
  answer(blocked, 11, []);
  await told.until(({ lists }) => lists.length === 2);
  t.same(told.latest, []);
  t.same(told.problems, []);
});

t.test("a list that is empty because of the token's rights is none", async (t) => {
  const { told, blocked } = await settled(t);
  answer(blocked, 11, [], { "x-consul-results-filtered-by-acls": "true" });
  await told.until(({ problems }) => problems.length === 1);
  t.match(told.problems[0], /the token may not read the service$/);
  t.same(told.latest, ["10.0.0.1:80"]);
});

t.test("an index that goes back begins anew, one of 0 does not spin", async (t) => {
  const { api, clock, blocked } = await settled(t);
  answer(blocked, 4, [entry("10.0.0.1", 80)]);
  await clock.pass(250);
  const anew = await api.next();
  t.notOk(anew.url.searchParams.has("index"), "asked without an index");
  answer(anew, 0, [entry("10.0.0.1", 80)]);
  await clock.pass(250);
  t.equal((await api.next()).url.searchParams.get("index"), "1");
});

t.test("without an index it is asked every 10 s", async (t) => {
  const { api, told, clock } = await started(t);
  for (const [round, index] of ["", "abc", "-1"].entries()) {
    answer(await api.next(), index, [entry("10.0.0.1", 80)]);
    await told.until(({ lists }) => lists.length === round + 1);
    await clock.pass(10_000);
  }
  t.notOk((await api.next()).url.searchParams.has("index"));
});

t.test("an index is a number of 64 bits", async (t) => {
  const { api, clock } = await started(t);
  answer(await api.next(), "18446744073709551614", []);
  await clock.pass(250);
  t.equal((await api.next()).url.searchParams.get("index"), "18446744073709551614");
});

t.test(
  "a failure keeps what is known, is told once, and the next question is answered at once",
  async (t) => {
    const { api, told, clock, blocked } = await settled(t);
    refuse(blocked, 500, "No cluster leader");
    for (const wait of [1_000, 2_000, 4_000]) {
      await clock.pass(wait);
      const again = await api.next();
      t.notOk(again.url.searchParams.has("index"));
      refuse(again, 500, "No cluster leader");
    }
    await clock.pass(8_000);
    t.match(told.problems, [/^consul redis at http:.*: 127\.0\.0\.1:\d+ answered 500: No cluster leader$/]);
    t.equal(told.lists.length, 1);
    answer(await api.next(), 20, [entry("10.0.0.3", 80)]);
    await told.until(({ recoveries }) => recoveries.length === 1);
    t.same(told.latest, ["10.0.0.3:80"]);
  },
);

t.test("each kind of problem is told once, however often they take turns", async (t) => {
  const { api, told, clock, blocked } = await settled(t);
  refuse(blocked, 500, "a");
  for (const [wait, status] of [
    [1_000, 403],
    [2_000, 500],
    [4_000, 403],
  ] as const) {
    await clock.pass(wait);
    refuse(await api.next(), status, "b");
  }
  await clock.untilWaiting(8_000);
  t.equal(told.problems.length, 2);
});

t.test("a dropped connection, before or within an answer, keeps what is known", async (t) => {
  const { api, told, clock, blocked } = await settled(t);
  blocked.request.socket.destroy();
  await told.until(({ problems }) => problems.length === 1);
  await clock.pass(1_000);
  const cut = await api.next();
  cut.response.writeHead(200, { "content-length": "1000", "x-consul-index": "11" });
  cut.response.write('[{"Node":');
  setImmediate(() => cut.request.socket.destroy());
  await clock.pass(2_000);
  answer(await api.next(), 12, [entry("10.0.0.1", 80)]);
  await told.until(({ recoveries }) => recoveries.length === 1);
  t.match(told.problems, [/it dropped the connection|socket|aborted|closed/i]);
  t.equal(told.lists.length, 2);
});

t.test("an agent that does not answer is given up after its time, held back or not", async (t) => {
  const { api, told, clock, blocked } = await settled(t);
  await clock.pass(blockingPatience);
  await untilGone(blocked);
  await told.until(({ problems }) => problems.length === 1);
  t.match(told.problems[0], /did not answer in time$/);
  await clock.pass(1_000);
  const silent = await api.next();
  await clock.pass(patience);
  await untilGone(silent);
  await clock.pass(2_000);
  const slow = await api.next();
  clock.advance(1);
  slow.response.writeHead(200, { "x-consul-index": "11" });
  slow.response.write("[");
  // The head is there, and the rest has its own time.
  await clock.pass(patience);
  await clock.untilWaiting(4_000);
  t.equal(told.lists.length, 1);
});

for (const [what, body] of [
  ["text", "hello"],
  ["half of JSON", '[{"Node":'],
  ["no UTF-8", Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d])],
  ["a map", '{"Node":{}}'],
  ["null", "null"],
  ["nothing", ""],
] as const) {
  t.test(`an answer that is ${what} is none`, async (t) => {
    const { told, blocked } = await settled(t);
    blocked.response.writeHead(200, { "x-consul-index": "11" }).end(body);
    await told.until(({ problems }) => problems.length === 1);
    t.match(told.problems[0], /is no JSON$|is no list$/);
    t.equal(told.lists.length, 1);
  });
}

t.test("what is no HTTP is told", async (t) => {
  const { told, blocked } = await settled(t);
  blocked.request.socket.end("SSH-2.0-OpenSSH_9.6\r\n");
  await told.until(({ problems }) => problems.length === 1);
  t.equal(told.lists.length, 1);
});

t.test(
  "entries without a usable address or port are left out and told, unless nothing is left",
  async (t) => {
    const { api, told, clock, blocked } = await settled(t);
    const wrong = [
      entry("10.0.0.9", 0),
      entry("a b", 80),
      null,
      "x",
      [],
      {},
      entry("10.0.0.9", "80" as never),
    ];
    answer(blocked, 11, [...wrong, entry("10.0.0.2", 80)]);
    await told.until(({ lists }) => lists.length === 2);
    t.same(told.latest, ["10.0.0.2:80"]);
    t.match(told.problems, [/: 7 instances have no usable address or port$/]);
    await clock.pass(250);
    answer(await api.next(), 12, wrong);
    await clock.untilWaiting(1_000);
    t.equal(told.lists.length, 2);
  },
);

t.test("weights and zones are taken from where Consul has them", async (t) => {
  const { api, told } = await started(t);
  answer(await api.next(), 1, [
    entry("a", 80, { Weights: { Passing: 3, Warning: 1 }, Locality: { Region: "us", Zone: "us-1a" } }),
    entry("b", 80, { Weights: undefined }),
    entry("c", 80, { Weights: { Passing: "many" } }),
  ]);
  await told.until(({ lists }) => lists.length === 1);
  t.same(
    told.lists[0]?.map(({ host, weight, zone }) => [host, weight, zone]),
    [
      ["a", 3, "us-1a"],
      ["b", 1, null],
      ["c", 1, null],
    ],
  );
});

t.test("an answer that does not end is given up at 16 MiB", async (t) => {
  const { told, blocked } = await settled(t);
  const { response } = blocked;
  response.writeHead(200, { "x-consul-index": "11" });
  const chunk = Buffer.alloc(1024 * 1024, 0x20);
  let sent = 0;
  const send = () => {
    while (!response.destroyed && sent < 64) {
      sent++;
      if (!response.write(chunk)) return;
    }
  };
  response.on("drain", send);
  send();
  await told.until(({ problems }) => problems.length === 1);
  await untilGone(blocked);
  t.match(told.problems[0], /is longer than 16777216 bytes$/);
  t.ok(sent < 64, `${sent} MiB were sent`);
});

t.test("what an agent says does not reach the log as a second line", async (t) => {
  const { told, blocked } = await settled(t);
  refuse(blocked, 403, `denied\n{"level":"info"}\u001b[2J${"x".repeat(5_000)}`);
  await told.until(({ problems }) => problems.length === 1);
  t.notMatch(told.problems[0], /\p{Cc}/u);
  t.ok(told.problems[0]!.length < 350);
});

t.test("an agent that cannot be reached is told by its address, without user name and token", async (t) => {
  const port = await freePort();
  const { told } = startSource(t, {
    kind: "consul",
    url: `http://user:password@127.0.0.1:${port}`,
    service: "redis",
    tag: "v1",
    datacenter: "dc1",
    token: "secret",
  });
  await told.until(({ problems }) => problems.length === 1);
  t.match(
    told.problems[0],
    `consul redis tag v1 in dc1 at http://***@127.0.0.1:${port}: cannot ask 127.0.0.1:${port}`,
  );
  t.notMatch(told.problems[0], /password|secret/);
});

t.test("a redirect is not followed: the token goes nowhere else", async (t) => {
  const other = await ApiServer.start(t);
  const { told, blocked } = await settled(t);
  blocked.response.writeHead(307, { location: `${other.url}/` }).end();
  await told.until(({ problems }) => problems.length === 1);
  t.match(told.problems[0], /answered 307$/);
  t.same(other.paths, []);
});

t.test("close ends a question that is held back, and nothing is told any more", async (t) => {
  const { source, told, clock, blocked } = await settled(t);
  source.close();
  await untilGone(blocked);
  await new Promise((resolve) => setImmediate(resolve));
  t.same([told.problems, clock.waits], [[], []]);
});
