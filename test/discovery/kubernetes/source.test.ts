import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { SourceConfig } from "../../../core/discovery/create-source.ts";
import type { SourceOptions } from "../../../core/discovery/source.ts";
import { createAuthority } from "../../net/certificates.ts";
import { ApiServer, type Asked, untilGone } from "../api-server.ts";
import { startSource } from "../recording.ts";

type KubernetesConfig = Extract<SourceConfig, { kind: "kubernetes" }>;

/** ms: for the head of an answer; and for a watch of 180 s, the longest that is asked for. */
const [patience, watchPatience] = [10_000, 195_000];

const slices = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices";
const ofService = "labelSelector=kubernetes.io%2Fservice-name%3Dcart";

/** An EndpointSlice in the shape of the API's reference. */
function slice(name: string, version: number, addresses: readonly string[]): object {
  return {
    kind: "EndpointSlice",
    apiVersion: "discovery.k8s.io/v1",
    metadata: {
      name,
      namespace: "shop",
      uid: `uid-${name}`,
      resourceVersion: String(version),
      labels: { "kubernetes.io/service-name": "cart" },
    },
    addressType: "IPv4",
    endpoints: addresses.map((address) => ({
      addresses: [address],
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: { kind: "Pod", namespace: "shop", name: `pod-${address}`, uid: `pod-${address}` },
      nodeName: "node-1",
      zone: "us-1a",
    })),
    ports: [{ name: "http", port: 8080, protocol: "TCP" }],
  };
}

function list({ response }: Asked, version: number | string, items: unknown): void {
  response.writeHead(200, { "content-type": "application/json" });
  const metadata = { resourceVersion: String(version) };
  response.end(
    JSON.stringify({ kind: "EndpointSliceList", apiVersion: "discovery.k8s.io/v1", metadata, items }),
  );
}

/** The head of a watch; its events follow. */
function open({ response }: Asked): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.flushHeaders();
}

function openWith(asked: Asked, event: object): void {
  open(asked);
  send(asked, event);
  asked.response.end();
}

function send({ response }: Asked, ...events: readonly object[]): void {
  response.write(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
}

function status(code: number, reason: string, message: string): object {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code };
}

function fail({ response }: Asked, code: number, reason: string, message: string): void {
  response
    .writeHead(code, { "content-type": "application/json" })
    .end(JSON.stringify(status(code, reason, message)));
}

const gone = { type: "ERROR", object: status(410, "Expired", "too old resource version: 10 (99)") };

async function started(t: Test, more: Partial<KubernetesConfig> = {}, options: SourceOptions = {}) {
  const api = await ApiServer.start(t);
  const config = { ...base, url: api.url, ...more };
  return { api, ...startSource(t, config, options) };
}

const base = {
  kind: "kubernetes",
  service: "cart",
  namespace: "shop",
  port: "http",
  url: null,
  tokenFile: null,
  caFile: null,
} as const;

/** Started, with one endpoint in slice `a`, and watching from version 10. */
async function watching(t: Test) {
  const all = await started(t);
  list(await all.api.next(), 10, [slice("a", 9, ["10.0.0.1"])]);
  const watch = await all.api.next();
  open(watch);
  await all.clock.untilWaiting(watchPatience);
  return { ...all, watch };
}

t.test("slices are listed, and watched from the version of the list", async (t) => {
  const { api, told, watch } = await watching(t);
  t.same(api.paths, [
    `${slices}?${ofService}`,
    `${slices}?${ofService}&watch=1&resourceVersion=10&allowWatchBookmarks=true&timeoutSeconds=180`,
  ]);
  t.same(told.lists, [[{ host: "10.0.0.1", port: 8080, weight: 1, zone: "us-1a", priority: 0 }]]);
  t.equal(watch.request.headers.accept, "application/json");
});

t.test("slices that are added, changed and deleted change the endpoints", async (t) => {
  const { told, watch } = await watching(t);
  send(watch, { type: "ADDED", object: slice("b", 11, ["10.0.0.2"]) });
  await told.until(({ lists }) => lists.length === 2);
  t.same(told.latest?.sort(), ["10.0.0.1:8080", "10.0.0.2:8080"]);
  send(watch, { type: "MODIFIED", object: slice("a", 12, ["10.0.0.3", "10.0.0.4"]) });
  await told.until(({ lists }) => lists.length === 3);
  t.same(told.latest?.sort(), ["10.0.0.2:8080", "10.0.0.3:8080", "10.0.0.4:8080"]);
  send(
    watch,
    { type: "DELETED", object: slice("a", 13, ["10.0.0.3"]) },
    { type: "DELETED", object: slice("b", 14, []) },
  );
  await told.until(({ lists }) => lists.length === 4);
  t.same(told.latest, [], "no slices are an answer");
  t.same(told.problems, []);
});

t.test("an event may come in any pieces, and events together are told once", async (t) => {
  const { told, watch } = await watching(t);
  const text = Buffer.from(
    `${JSON.stringify({ type: "ADDED", object: slice("b", 11, ["10.0.0.2"]) })}\r\n\n${JSON.stringify({ type: "ADDED", object: slice("ü", 12, ["10.0.0.3"]) })}\n`,
  );
  for (const byte of text) {
    watch.response.write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await told.until(({ latest }) => latest?.length === 3);
  const before = told.lists.length;
  send(
    watch,
    ...["c", "d", "e"].map((name, at) => ({ type: "ADDED", object: slice(name, 13 + at, [`10.0.1.${at}`]) })),
  );
  await told.until(({ latest }) => latest?.length === 6);
  t.equal(told.lists.length, before + 1);
});

t.test("a watch that ends goes on from the last version, of a bookmark too", async (t) => {
  const { api, clock, told, watch } = await watching(t);
  send(watch, { type: "ADDED", object: slice("b", 11, ["10.0.0.2"]) });
  await told.until(({ lists }) => lists.length === 2);
  send(watch, { type: "BOOKMARK", object: { kind: "EndpointSlice", metadata: { resourceVersion: "57" } } });
  await told.until(({ lists }) => lists.length === 3);
  clock.advance(120_000);
  watch.response.end();
  const next = await api.next();
  t.equal(next.url.searchParams.get("resourceVersion"), "57");
  open(next);
  send(next, { type: "DELETED", object: slice("b", 58, []) });
  await told.until(({ latest }) => latest?.length === 1);
  t.same(told.problems, []);
});

for (const [how, answer] of [
  ["as an event", (asked: Asked) => openWith(asked, gone)],
  ["as a status", (asked: Asked) => fail(asked, 410, "Expired", "too old resource version: 10 (99)")],
] as const) {
  t.test(`410 Gone ${how} means to list again: what went away meanwhile is gone`, async (t) => {
    const { api, told, clock, watch } = await watching(t);
    clock.advance(120_000);
    watch.response.end();
    answer(await api.next());
    // The watch was short, and the next step waits a little.
    await clock.pass(1_000);
    const again = await api.next();
    t.equal(again.request.url, `${slices}?${ofService}`);
    list(again, 99, [slice("z", 98, ["10.0.0.9"])]);
    await told.until(({ latest }) => latest?.[0] === "10.0.0.9:8080");
    t.same(told.latest, ["10.0.0.9:8080"]);
    t.equal((await api.next()).url.searchParams.get("resourceVersion"), "99");
    t.same(told.problems, [], "which is no problem");
  });
}

t.test("410 Gone in a watch that lasted is followed by a list at once", async (t) => {
  const { api, clock, watch } = await watching(t);
  clock.advance(60_000);
  send(watch, gone);
  const again = await api.next();
  t.notOk(again.url.searchParams.has("watch"));
  await untilGone(watch);
});

t.test("another error of the watch is told, and followed by a list", async (t) => {
  const { api, told, clock, watch } = await watching(t);
  send(watch, { type: "ERROR", object: status(500, "InternalError", "etcdserver: request timed out") });
  await clock.pass(1_000);
  t.match(told.problems, [/^kubernetes shop\/cart:http: the watch failed: etcdserver: request timed out$/]);
  const again = await api.next();
  t.notOk(again.url.searchParams.has("watch"));
  list(again, 20, [slice("a", 19, ["10.0.0.1"])]);
  await told.until(({ recoveries }) => recoveries.length === 1);
});

t.test("a watch that is dropped goes on where it was, and its return is told", async (t) => {
  const { api, told, clock, watch } = await watching(t);
  send(watch, { type: "ADDED", object: slice("b", 11, ["10.0.0.2"]) });
  await told.until(({ lists }) => lists.length === 2);
  watch.request.socket.destroy();
  await clock.pass(1_000);
  t.equal(told.problems.length, 1);
  const next = await api.next();
  t.equal(next.url.searchParams.get("resourceVersion"), "11");
  open(next);
  await told.until(({ recoveries }) => recoveries.length === 1);
  t.same(told.latest?.sort(), ["10.0.0.1:8080", "10.0.0.2:8080"]);
});

t.test("a watch that ends at once, again and again, is not asked for without a pause", async (t) => {
  const { api, clock, watch } = await watching(t);
  watch.response.end();
  for (let round = 0; round < 3; round++) {
    await clock.pass(1_000);
    const next = await api.next();
    open(next);
    next.response.end();
  }
  await clock.untilWaiting(1_000);
  t.equal(api.unanswered, 0);
});

t.test("a watch that outlasts its time is dropped and goes on where it was", async (t) => {
  const { api, told, clock, watch } = await watching(t);
  await clock.pass(watchPatience);
  await clock.pass(1_000);
  t.match(told.problems, [/did not answer in time$/]);
  t.equal((await api.next()).url.searchParams.get("resourceVersion"), "10");
  await untilGone(watch);
});

t.test("a server that does not answer is given up after its time", async (t) => {
  const { api, told, clock } = await started(t);
  const silent = await api.next();
  await clock.pass(patience);
  await untilGone(silent);
  await clock.untilWaiting(1_000);
  t.match(told.problems, [/did not answer in time$/]);
});

for (const [what, line] of [
  ["no JSON", "hello\n"],
  ["cut", '{"type":"ADDED","object":{"kind":\n'],
  ["of no type", '{"object":{}}\n'],
  ["of another type", '{"type":"RENAMED","object":{}}\n'],
  ["without an object", '{"type":"ADDED"}\n'],
  ["without a name", '{"type":"ADDED","object":{"metadata":{}}}\n'],
  ["a list", "[]\n"],
] as const) {
  t.test(`an event that is ${what} is told, and followed by a list`, async (t) => {
    const { api, told, clock, watch } = await watching(t);
    watch.response.write(line);
    await told.until(({ problems }) => problems.length === 1);
    t.match(told.problems[0], /an event of the watch does not read$|has no name$/);
    await clock.pass(1_000);
    t.notOk((await api.next()).url.searchParams.has("watch"));
    t.equal(told.latest?.length, 1);
  });
}

for (const [what, body] of [
  ["no JSON", "<html>"],
  ["no list", '{"kind":"Status"}'],
  ["without items", '{"metadata":{"resourceVersion":"1"}}'],
  ["without a version", '{"items":[]}'],
  ["of items without names", '{"metadata":{"resourceVersion":"1"},"items":[{}]}'],
] as const) {
  t.test(`a list that is ${what} is none`, async (t) => {
    const { api, told } = await started(t);
    (await api.next()).response.writeHead(200).end(body);
    await told.until(({ problems }) => problems.length === 1);
    t.same(told.lists, []);
  });
}

t.test("an event that does not end is given up at 4 MiB", async (t) => {
  const { told, watch } = await watching(t);
  const chunk = Buffer.alloc(1024 * 1024, 0x20);
  for (let count = 0; count < 6 && !watch.response.destroyed; count++) watch.response.write(chunk);
  await told.until(({ problems }) => problems.length === 1);
  t.match(told.problems[0], /longer than 4194304 bytes$/);
});

t.test("slices that list too many endpoints are refused, also when they come one by one", async (t) => {
  const { told, watch } = await watching(t);
  const addresses = Array.from({ length: 1000 }, (_, index) => `10.1.${index >> 8}.${index & 255}`);
  for (let count = 0; count < 20; count++)
    send(watch, { type: "ADDED", object: slice(`s${count}`, 11, addresses) });
  await told.until(({ problems }) => problems.length === 1);
  t.match(told.problems[0], /list more than 16384 endpoints$/);
});

t.test(
  "a missing right, and a service account that is not known, are told with the server's words",
  async (t) => {
    const { api, told, clock } = await started(t);
    const message =
      'endpointslices.discovery.k8s.io is forbidden: User "system:anonymous" cannot list resource';
    fail(await api.next(), 403, "Forbidden", message);
    await clock.pass(1_000);
    t.match(told.problems[0], `answered 403: ${message}`);
    fail(await api.next(), 401, "Unauthorized", "Unauthorized");
    await clock.untilWaiting(2_000);
    t.equal(told.problems.length, 1, "which is the same kind of problem");
  },
);

t.test("a port that the slices do not have keeps what is known, and says which there are", async (t) => {
  const { api, told, clock } = await started(t, { port: "grpc" });
  list(await api.next(), 10, [slice("a", 9, ["10.0.0.1"])]);
  await clock.untilWaiting(1_000);
  t.same(told.lists, []);
  t.match(told.problems, [/no port "grpc", expected one of http:8080$/]);
});

t.test("the token is read for each question, so that a new one is used", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-discovery-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const tokenFile = join(folder, "token");
  writeFileSync(tokenFile, "first.token_1-~+/=\n");
  const { api, clock } = await started(t, { tokenFile });
  const first = await api.next();
  t.equal(first.request.headers.authorization, "Bearer first.token_1-~+/=");
  writeFileSync(tokenFile, "second");
  fail(first, 401, "Unauthorized", "Unauthorized");
  await clock.pass(1_000);
  t.equal((await api.next()).request.headers.authorization, "Bearer second");
});

t.test("a token file that is missing, or holds no token, is told without what is in it", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-discovery-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const tokenFile = join(folder, "token");
  const { api, told, clock } = await started(t, { tokenFile });
  await told.until(({ problems }) => problems.length === 1);
  t.match(told.problems[0], `cannot read ${tokenFile}: no file`);
  writeFileSync(tokenFile, "s3cret\r\nx-injected: 1");
  const other = startSource(t, { ...base, url: api.url, tokenFile });
  await other.told.until(({ problems }) => problems.length === 1);
  t.match(other.told.problems[0], /token holds no token$/);
  t.notMatch(other.told.problems[0], /s3cret/);
  writeFileSync(tokenFile, "good");
  await clock.pass(1_000);
  t.equal((await api.next()).request.headers.authorization, "Bearer good");
  t.equal(api.paths.length, 1, "and nothing is asked without it");
});

t.test("a slice that changes often counts once", async (t) => {
  const { told, watch } = await watching(t);
  const addresses = Array.from({ length: 1000 }, (_, index) => `10.1.${index >> 8}.${index & 255}`);
  for (let version = 11; version < 31; version++) {
    send(watch, { type: "MODIFIED", object: slice("a", version, addresses) });
  }
  send(watch, { type: "ADDED", object: slice("b", 31, ["10.0.0.2"]) });
  await told.until(({ latest, problems }) => latest?.length === 1001 || problems.length > 0);
  t.same(told.problems, []);
});

t.test("the pod's own token is not sent in plain text; one that is named is", async (t) => {
  const accountFolder = mkdtempSync(join(tmpdir(), "sluice-discovery-"));
  t.teardown(() => rmSync(accountFolder, { recursive: true, force: true }));
  writeFileSync(join(accountFolder, "token"), "token");
  const { api } = await started(t, {}, { accountFolder });
  t.notOk("authorization" in (await api.next()).request.headers);
  startSource(t, { ...base, url: api.url, tokenFile: join(accountFolder, "token") });
  t.equal((await api.next()).request.headers.authorization, "Bearer token");
});

t.test("a pod finds the authority and its token in the folder of its service account", async (t) => {
  const accountFolder = mkdtempSync(join(tmpdir(), "sluice-discovery-"));
  t.teardown(() => rmSync(accountFolder, { recursive: true, force: true }));
  const authority = createAuthority(accountFolder);
  const { cert, key } = authority.issue("api", ["127.0.0.1"]);
  const api = await ApiServer.start(t, { cert: readFileSync(cert), key: readFileSync(key) });
  writeFileSync(join(accountFolder, "ca.crt"), authority.pem);
  writeFileSync(join(accountFolder, "token"), "token");
  const env = { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: new URL(api.url).port };
  startSource(t, base, { accountFolder, env });
  t.equal((await api.next()).request.headers.authorization, "Bearer token");
});

t.test("a pod's API server is the one of its environment", async (t) => {
  const missing = startSource(t, base, { env: {} });
  await missing.told.until(({ problems }) => problems.length === 1);
  t.match(missing.told.problems[0], /no API server is known/);

  const env = { KUBERNETES_SERVICE_HOST: "::1", KUBERNETES_SERVICE_PORT: "1" };
  const there = startSource(t, base, { env });
  await there.told.until(({ problems }) => problems.length === 1);
  t.match(there.told.problems[0], /cannot ask \[::1\]:1: /);
});

t.test(
  "the server's certificate is verified with the authorities of the file, read anew each time",
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-discovery-"));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const authority = createAuthority(folder);
    const { cert, key } = authority.issue("api", ["127.0.0.1"]);
    const api = await ApiServer.start(t, { cert: readFileSync(cert), key: readFileSync(key) });
    const caFile = join(folder, "ca.crt");
    writeFileSync(caFile, createAuthority(folder).pem);
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, "token");

    const { told, clock } = startSource(t, { ...base, url: api.url, caFile, tokenFile });
    await told.until(({ problems }) => problems.length === 1);
    t.match(told.problems[0], /cannot ask 127\.0\.0\.1:\d+: /);
    t.same(api.paths, [], "the token is not sent to a server that is not known");

    writeFileSync(caFile, authority.pem);
    await clock.pass(1_000);
    list(await api.next(), 10, [slice("a", 9, ["10.0.0.1"])]);
    await told.until(({ recoveries }) => recoveries.length === 1);
    t.same(told.latest, ["10.0.0.1:8080"]);
  },
);

t.test("namespace and service cannot change what is asked for", async (t) => {
  const { api } = await started(t, { namespace: "../../x?y", service: "a,b&watch=1" });
  const { url } = await api.next();
  t.equal(url.pathname, "/apis/discovery.k8s.io/v1/namespaces/..%2F..%2Fx%3Fy/endpointslices");
  t.same([...url.searchParams], [["labelSelector", "kubernetes.io/service-name=a,b&watch=1"]]);
});

t.test("close ends a watch, and nothing is told any more", async (t) => {
  const { source, told, clock, watch } = await watching(t);
  source.close();
  await untilGone(watch);
  await new Promise((resolve) => setImmediate(resolve));
  t.same([told.problems, clock.waits], [[], []]);
});
