import { randomUUID } from "node:crypto";
import { Agent, type IncomingMessage, request } from "node:http";
import t, { type Test } from "tap";
import { get, startGateway, type TestGateway } from "../support/gateway.ts";
import { nothingHeld, untilNothingHeld } from "../support/holdings.ts";
import { chooseSeed, Random } from "../support/random.ts";
import type { RawPeer } from "../support/raw-peer.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";
import { retrying } from "../upstream/endpoints.ts";
import { responseStream, spoil } from "./fuzz-bytes.ts";
import { sendPieces } from "./send-pieces.ts";

/** All in ms. */
const duration = Number(process.env["FUZZ_DURATION"] ?? 5000);
const patience = 5000;
/** Each with random choices of its own, which the seed repeats whatever the others do. */
const clients = 32;
/** Damaged responses that a client gets before it asks for a clean one. */
const damagedInARow = 16;

const seed = chooseSeed("FUZZ_SEED");
/** Endpoints may be damaged into silence: it is not waited for long. */
const damagedHead = 150;
const settings = {
  timeouts: { keepAlive: 500 },
  clusterTimeouts: { responseHead: patience, responseIdle: 150, poolIdle: 500 },
  route: { retry: retrying({ attempts: 0, perTry: damagedHead }) },
};

/** A request, and what the endpoint will do about it. */
interface Exchange {
  readonly method: string;
  readonly target: string;
  readonly bytes: Buffer;
  readonly inPieces: boolean;
  readonly ending: "stay" | "close" | "reset";
}

/** How a request ended for a client that reads with node:http. */
interface Outcome {
  readonly target: string;
  /** Of a whole response. */
  readonly response: IncomingMessage | null;
  /** Of the error, when there is no whole response. */
  readonly code: string;
}

t.test(`damaged responses come out whole, visibly broken, or as 502 (FUZZ_SEED=${seed})`, async (t) => {
  const exchanges = new Map<string, Exchange>();
  const upstream = await startUpstream(t, async ({ startLine }, peer) => {
    const exchange = exchanges.get(startLine.split(" ")[1]!);
    if (exchange === undefined) return ok("clean");
    await respond(exchange, peer);
    return null;
  });
  const proxy = await startGateway(t, upstream.address, settings);
  await addCleanRoute(proxy);
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  t.teardown(() => agent.destroy());
  const end = performance.now() + duration;
  const outcomes: Outcome[] = [];
  const runClient = async (_: unknown, client: number) => {
    const random = new Random(seed + client);
    for (let asked = 1; performance.now() < end; asked++) {
      const exchange = chooseExchange(random);
      exchanges.set(exchange.target, exchange);
      outcomes.push(await ask(proxy, agent, exchange));
      if (asked % damagedInARow === 0) t.equal((await proxy.ask(get("/clean"))).body, "clean");
    }
  };
  await Promise.all(Array.from({ length: clients }, runClient));
  agent.destroy();
  t.same(await untilNothingHeld(proxy, patience), nothingHeld, "nothing is held");
  t.comment(`${outcomes.length} responses, ${outcomes.filter(({ response }) => response).length} whole`);
  assertTold(t, outcomes, proxy);
});

/**
 * Clean answers come over the same connections. Only there is time for them: a machine with more to do than this stops
 * the process for longer than damaged ones may take.
 */
async function addCleanRoute({ gateway }: TestGateway): Promise<void> {
  const { config } = gateway.generation;
  const [route] = config.routes;
  const match = { ...route!.match, path: { kind: "exact", value: "/clean" } } as const;
  await gateway.apply({
    ...config,
    routes: [...config.routes, { ...route!, name: "clean", match, retry: null }],
  });
}

function chooseExchange(random: Random): Exchange {
  const target = `/${randomUUID()}`;
  const whole = responseStream(random).replace("\r\n", `\r\nX-For: ${target}\r\n`);
  return {
    target,
    method: random.pick(["GET", "GET", "HEAD", "POST"]),
    bytes: Buffer.from(spoil(whole, random), "latin1"),
    inPieces: random.chance(0.3),
    ending: random.pick(["stay", "stay", "close", "reset"]),
  };
}

async function respond({ bytes, inPieces, ending }: Exchange, peer: RawPeer): Promise<void> {
  if (inPieces) await sendPieces(peer, bytes);
  else peer.write(bytes);
  if (ending === "close") peer.close();
  if (ending === "reset") peer.reset();
}

function ask(proxy: TestGateway, agent: Agent, { method, target }: Exchange): Promise<Outcome> {
  return new Promise((resolve) => {
    const fail = ({ code = "unknown" }: NodeJS.ErrnoException) => resolve({ target, response: null, code });
    const outgoing = request({ ...proxy.address, agent, method, path: target }, (response) => {
      response.on("error", fail);
      response.on("end", () => resolve({ target, response, code: "" }));
      response.resume();
    });
    outgoing.on("error", fail);
    outgoing.end();
  });
}

/** What a client took for whole was whole and its own; what it could not read had failed for the proxy, too. */
function assertTold(t: Test, outcomes: readonly Outcome[], proxy: TestGateway): void {
  const records = new Map(proxy.records.map((record) => [record.path, record]));
  const failed = (target: string) => records.get(target)?.error !== null;
  const told = (judged: Outcome[]) => judged.map(({ target, code }) => `${target} ${code}`);
  const foreign = outcomes.filter(({ target, response }) => {
    const owner = String(response?.headers["x-for"]);
    return owner !== target && records.has(owner);
  });
  t.same(told(foreign), [], "no client got another's response");
  const short = outcomes.filter(({ target, response }) => {
    return response !== null && failed(target) && response.headers["proxy-status"] === undefined;
  });
  t.same(told(short), [], "no broken response looked whole");
  const unreadable = outcomes.filter(({ target, response }) => response === null && !failed(target));
  t.same(told(unreadable), [], "node:http reads what the proxy calls whole");
}
