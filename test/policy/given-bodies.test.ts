/** Bodies that guests give are in the host's memory until who is to have them has them: there is an end to that. */
import t, { type Test } from "tap";
import { GivenBodies } from "../../core/policy/body/given-bodies.ts";
import { GivenRoom } from "../../core/policy/body/given-room.ts";
import { MalformedOutcome } from "../../core/policy/malformed-outcome.ts";
import type { Policy } from "../../core/policy/policy.ts";
import { stopBundler } from "../../core/reload/bundle.ts";
import { until } from "../net/until.ts";
import { engines, onEachEngine } from "../support/each-engine.ts";
import { get } from "../support/gateway.ts";
import { readMessage } from "../support/message.ts";
import { type PolicyGateway, startPolicyGateway } from "../support/policies.ts";
import { ok, type RawUpstream, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);
t.setTimeout(180_000);

const MiB = 1024 * 1024;
/** More than what the system takes for a client that does not read. */
const size = 6_000_000;
/** Four times the memory that a guest has where nobody says anything of it. */
const room = 128 * MiB;
const fits = Math.floor(room / (size - 64 * 1024));

const text = `const big = "A".repeat(${size});`;
const bytes = `const big = new Uint8Array(${size}).fill(65);`;
const plugin = (top: string, members: string) => ({ "p.ts": `${top} export default { ${members} };` });
const post = "POST /big HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\nbody";

const roomOf = ({ gateway }: PolicyGateway) => gateway.generation.routes[0]!.plan!.policies[0]!.room;
const lastFault = ({ gateway }: PolicyGateway) => gateway.generation.policies.report()[0]!.lastFault;
/** What waits in the process for clients to read. */
const queued = ({ accepted }: PolicyGateway) =>
  accepted.reduce((sum, { writableLength }) => sum + writableLength, 0);

/** An endpoint that answers at once, or one that takes nothing. */
async function startEndpoint(t: Test, takes: boolean): Promise<RawUpstream> {
  if (takes) return await startUpstream(t, () => ok("upstream"));
  const upstream = await startUpstream(t);
  const pauseNext = async (): Promise<void> => {
    (await upstream.connection()).socket.pause();
    void pauseNext();
  };
  void pauseNext();
  return upstream;
}

/** Clients that do not read, one behind the other. */
async function flood(gateway: PolicyGateway, request: string) {
  const clients = [];
  for (let n = 0; n < fits + 5; n++) {
    const faults = gateway.gateway.generation.policies.faultCount;
    const taken = roomOf(gateway).taken;
    const client = await gateway.connect();
    client.socket.pause();
    client.write(request);
    clients.push(client);
    await until(
      () => roomOf(gateway).taken > taken || gateway.gateway.generation.policies.faultCount > faults,
    );
  }
  return clients;
}

const answersSmall = 'if (r.url.endsWith("/small")) return new Response("small");';
const tellsBig =
  'state: () => ({ big: false }), onRequest(r, ctx) { ctx.state.big = r.url.endsWith("/big"); }';

const ways: Readonly<Record<string, { readonly members: string; readonly request: string }>> = {
  "Whole replies": {
    members: 'onRequest(r) { if (r.url.endsWith("/big")) return new Response(big); }',
    request: get("/big"),
  },
  "Bodies of responses": {
    members: `${tellsBig}, onResponse(r, ctx) { if (ctx.state.big) r.setBody(big); }`,
    request: get("/big"),
  },
  "Parts of responses": {
    members: `${tellsBig}, onResponseBody(chunk, ctx) { if (ctx.state.big) return big; }`,
    request: get("/big"),
  },
  "Bodies of requests": {
    members: `onRequest(r) { ${answersSmall} r.setBody(big); }`,
    request: post,
  },
  "Parts of requests": {
    members: `onRequest(r) { ${answersSmall} }, onRequestBody() { return big; }`,
    request: post,
  },
};

for (const [title, { members, request }] of Object.entries(ways)) {
  // Plugins that run in the proxy itself could take its memory as well without giving it away.
  for (const engine of engines.filter((engine) => engine !== "inline")) {
    t.test(`${title} for those who do not take them have a bound, on ${engine}`, async (t) => {
      const plugins = plugin(engine === "quickjs" ? bytes : text, members);
      const endpoint = await startEndpoint(t, request !== post);
      const gateway = await startPolicyGateway(t, endpoint.address, { engine, plugins });
      const clients = await flood(gateway, request);
      const { taken } = roomOf(gateway);
      t.ok(taken <= room && taken > room / 2, `${taken} bytes are counted`);
      t.ok(queued(gateway) < room + fits * 128 * 1024, `${queued(gateway)} bytes wait for clients`);
      t.match(lastFault(gateway)?.message, /too much that this plugin gave is still on its way/);
      t.equal((await gateway.ask(get("/small"))).status, 200);
      for (const { socket } of [...clients, ...endpoint.connections]) socket.destroy();
      await until(() => roomOf(gateway).taken === 0);
    });
  }
}

onEachEngine("A client that has read its answer holds nothing, and may ask again", async (t, engine) => {
  const { members } = ways["Whole replies"]!;
  const endpoint = await startEndpoint(t, true);
  const gateway = await startPolicyGateway(t, endpoint.address, { engine, plugins: plugin(text, members) });
  const client = await gateway.connect();
  for (let n = 0; n < fits + 5; n++) {
    client.write(get("/big"));
    t.equal((await readMessage(client)).body.length, size);
  }
  await until(() => roomOf(gateway).taken === 0);
  t.ok(client.isOpen);
  client.write(get("/big", "Connection: close"));
  await client.takeRest();
  await until(() => roomOf(gateway).taken === 0);
});

onEachEngine("Parts that have passed count no longer", async (t, engine) => {
  const grown = 2_000_000;
  const parts = Math.ceil((1.2 * room) / grown);
  let received = 0;
  const upstream = await startUpstream(t, async (_request, peer) => {
    peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${parts}\r\n\r\n`);
    for (let n = 0; n < parts; n++) {
      peer.write("x");
      await until(() => received >= (n + 1) * grown);
    }
    return null;
  });
  const top = `const big = "A".repeat(${grown});`;
  const members = "onResponseBody(chunk) { if (chunk.length > 0) return big; }";
  const gateway = await startPolicyGateway(t, upstream.address, { engine, plugins: plugin(top, members) });
  const client = await gateway.connect();
  client.socket.removeAllListeners("data");
  client.socket.on("data", ({ length }: Buffer) => {
    received += length;
  });
  client.write(get("/", "Connection: close"));
  await client.ended();
  t.ok(received > parts * grown, `${received} bytes`);
  t.equal(lastFault(gateway), null);
  await until(() => roomOf(gateway).taken === 0);
});

t.test("Of two bodies for the same message one counts", (t) => {
  const own = new GivenRoom(0);
  const policy = { room: own } as Policy;
  const [one, other] = [new GivenBodies(), new GivenBodies()];
  one.replace("response", policy, 20 * MiB);
  one.replace("response", policy, 30 * MiB);
  one.add("onResponseBody", policy, MiB);
  one.add("onResponseBody", policy, 1000);
  t.equal(own.taken, 31 * MiB - 2 * 64 * 1024);
  t.throws(() => other.replace("request", policy, 40 * MiB), MalformedOutcome);
  one.passed("onResponseBody");
  one.replace("response", policy, 0);
  t.equal(own.taken, 0);
  other.add("request", policy, 100 * MiB);
  one.clear();
  t.throws(() => one.add("request", policy, MiB), MalformedOutcome, "one alone may be as long as it may be");
  other.clear();
  t.equal(own.taken, 0);
  t.end();
});
