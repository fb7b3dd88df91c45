import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import type { AccessRecord } from "../../core/observe/access-log.ts";
import { type GatewaySettings, get, startGateway, type TestGateway } from "../support/gateway.ts";
import { nothingHeld, untilNothingHeld } from "../support/holdings.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { methods, requestStream, spoil } from "./fuzz-bytes.ts";
import { type Judge, startJudge } from "./judge.ts";
import { sendPieces } from "./send-pieces.ts";

/** All in ms. */
const duration = Number(process.env["FUZZ_DURATION"] ?? 5000);
const patience = 5000;
const longestWait = 50;
/** Streams under way at once. */
const batch = 32;

const seed = chooseSeed("FUZZ_SEED");
const random = new Random(seed);
const last = get("/last", "Connection: close");
const settings: GatewaySettings = {
  // The parser of node:http knows no other methods.
  route: {
    match: {
      host: null,
      path: { kind: "prefix", value: "/" },
      methods,
      scheme: null,
      headers: [],
      query: [],
      cookies: [],
    },
  },
  timeouts: { head: 2000, bodyIdle: 2000, keepAlive: 500 },
  clusterTimeouts: { poolIdle: 500 },
};

t.test(
  `damaged requests come out as whole requests of this proxy, or not at all (FUZZ_SEED=${seed})`,
  async (t) => {
    const judge = await startJudge(t);
    const proxy = await startGateway(t, judge.address, settings);
    const end = performance.now() + duration;
    let streams = 0;
    let unserved = 0;
    for (; performance.now() < end; streams += batch) {
      const attacks = Array.from({ length: batch }, () => spoil(requestStream(random), random) + last);
      await Promise.all(attacks.map((bytes) => attack(proxy, bytes, random.chance(0.3))));
      if ((await proxy.ask(get("/clean"))).body !== "/clean") unserved++;
    }
    t.equal(unserved, 0, "every clean request was answered");
    t.same(await untilNothingHeld(proxy, patience), nothingHeld, "nothing is held");
    t.comment(`${streams} streams, ${judge.requests.length} requests at the endpoint`);
    assertOwn(t, judge, proxy.records);
  },
);

/** Sends a stream and leaves, a little after the last byte at the latest. */
async function attack(proxy: TestGateway, bytes: string, inPieces: boolean): Promise<void> {
  const resets = random.chance(0.5);
  const client = await proxy.connect();
  if (inPieces) await sendPieces(client, Buffer.from(bytes, "latin1"));
  else client.write(bytes);
  await Promise.race([client.ended(), sleep(longestWait)]);
  if (resets) client.reset();
  else client.socket.destroy();
}

/** Each request at the endpoint is one that the proxy knows of, and whole when the proxy says so. */
function assertOwn(t: Test, judge: Judge, records: readonly AccessRecord[]): void {
  const known = new Map(records.map((record) => [record.requestId, record]));
  const smuggled = judge.requests.filter(({ id, method }) => known.get(id)?.method !== method);
  t.same(smuggled, [], "no request was smuggled");
  const times = new Map<string, number>();
  for (const { id } of judge.requests) times.set(id, (times.get(id) ?? 0) + 1);
  const repeated = [...times].filter(([id, count]) => count > (known.get(id)?.attempts ?? 0));
  t.same(repeated, [], "none came more often than it was sent");
  const halves = judge.requests.filter(({ id, complete }) => !complete && known.get(id)?.error === null);
  t.same(halves, [], "none that was answered is a half");
  const disputed = judge.refusals.filter(
    ({ behind }) => behind === null || behind.complete || known.get(behind.id)?.error === null,
  );
  t.same(disputed, [], "node:http refuses no message that the proxy passed on as whole");
}
