/** A cookie leads a client back to its endpoint, while that one is well. */
import { connect } from "node:tls";
import t, { type Test } from "tap";
import { createAuthority } from "../net/certificates.ts";
import { type GatewaySettings, get, startGateway, type TestGateway } from "../support/gateway.ts";
import { field, type Message, readMessage } from "../support/message.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";
import {
  answerOf,
  askTimes,
  type CountingUpstream,
  ejecting,
  retrying,
  startCounting,
  startNumbered,
} from "./endpoints.ts";

const sticky = { cookie: "at", path: "/", ttl: 0, key: null };

interface Sticky {
  readonly proxy: TestGateway;
  readonly endpoints: readonly CountingUpstream[];
}

async function startSticky(t: Test, settings: GatewaySettings = {}): Promise<Sticky> {
  const endpoints = await startNumbered(t, 4);
  const addresses = endpoints.map(({ address }) => address);
  const cluster = { sticky, ...settings.cluster };
  return { endpoints, proxy: await startGateway(t, addresses, { ...settings, cluster }) };
}

/** `name=value` of the cookie that a response sets. */
function cookieOf(response: Message): string {
  return field(response, "set-cookie")!.split(";")[0]!;
}

t.test("a client that sends its cookie meets the same endpoint again", async (t) => {
  const { proxy } = await startSticky(t);
  const homes = new Set<string>();
  for (const first of await askTimes(proxy, 4)) {
    homes.add(first.body);
    for (const response of await askTimes(proxy, 5, get("/", `Cookie: a=b; ${cookieOf(first)}; c=d`))) {
      t.equal(response.body, first.body);
      t.equal(field(response, "set-cookie"), null, "the client has it already");
    }
  }
  t.equal(homes.size, 4, "clients without a cookie are spread");
});

t.test("the cookie is for HTTP alone and tells no address", async (t) => {
  const { proxy } = await startSticky(t);
  const set = field(await proxy.ask(get()), "set-cookie")!;
  t.match(set, /^at=[\w-]{16}; Path=\/; HttpOnly; SameSite=Lax$/);
  const lasting = await startSticky(t, {
    cluster: { sticky: { cookie: "b", path: "/app", ttl: 90_000, key: null } },
  });
  const other = field(await lasting.proxy.ask(get()), "set-cookie")!;
  t.match(other, /^b=[\w-]{16}; Path=\/app; Max-Age=90; HttpOnly; SameSite=Lax$/);
});

t.test("over TLS the cookie is Secure", async (t) => {
  const authority = createAuthority(t.testdir());
  const { cert, key } = authority.issue("proxy", ["127.0.0.1"]);
  const tls = {
    certificates: [{ cert, key, hosts: [] }],
    clientCa: null,
    clientCertificate: "none" as const,
  };
  const { proxy } = await startSticky(t, { listener: { tls } });
  const { port } = proxy.address as { port: number };
  const socket = connect({ host: "127.0.0.1", port, ca: authority.pem });
  t.teardown(() => socket.destroy());
  const client = new RawPeer(socket);
  client.write(get());
  t.match(field(await readMessage(client), "set-cookie"), /; SameSite=Lax; Secure$/);
});

t.test("a cookie that leads nowhere is replaced", async (t) => {
  const { proxy } = await startSticky(t);
  for (const cookie of ["at=unknown", "at=", "at=127.0.0.1:80", 'at="x"', "other=1"]) {
    const response = await proxy.ask(get("/", `Cookie: ${cookie}`));
    t.equal(response.status, 200);
    t.match(field(response, "set-cookie"), /^at=[\w-]{16};/);
  }
});

t.test("cookies of the service pass beside it", async (t) => {
  const upstream = await startCounting(t, () => ok("", "Set-Cookie: session=1"));
  const proxy = await startGateway(t, upstream.address, { cluster: { sticky } });
  const response = await proxy.ask(get("/", "Cookie: session=0"));
  const set = response.fields.filter(([name]) => name.toLowerCase() === "set-cookie");
  t.equal(set.length, 2);
  t.same(set.map(([, value]) => value.split("=")[0]).sort(), ["at", "session"]);
  t.equal(field(upstream.requests[0]!, "cookie"), "session=0");
});

t.test("a client whose endpoint was left out goes to another one, and stays there", async (t) => {
  const state = { ofFirst: 200 };
  const first = await startCounting(t, () => answerOf(state.ofFirst, "first"));
  const others = await startNumbered(t, 2);
  const addresses = [first, ...others].map(({ address }) => address);
  const proxy = await startGateway(t, addresses, { cluster: { sticky, outlier: ejecting() } });
  const old = await proxy.ask(get());
  t.equal(old.body, "first");
  state.ofFirst = 500;
  for (const { status, body } of await askTimes(proxy, 5, get("/", `Cookie: ${cookieOf(old)}`))) {
    t.match({ status, body }, { status: 500, body: "first" });
  }
  const moved = await proxy.ask(get("/", `Cookie: ${cookieOf(old)}`));
  t.equal(moved.status, 200);
  t.not(cookieOf(moved), cookieOf(old));
  for (const response of await askTimes(proxy, 4, get("/", `Cookie: ${cookieOf(moved)}`))) {
    t.equal(response.body, moved.body);
    t.equal(field(response, "set-cookie"), null);
  }
});

t.test("a request that had to go elsewhere gets the cookie of who answered", async (t) => {
  const state = { resets: false };
  const first = await startCounting(t, (_request, peer) => {
    if (!state.resets) return ok("first");
    peer.reset();
    return null;
  });
  const [second] = (await startNumbered(t, 1)) as [CountingUpstream];
  const addresses = [first.address, second.address];
  const proxy = await startGateway(t, addresses, { cluster: { sticky }, route: { retry: retrying() } });
  const old = await proxy.ask(get());
  t.equal(old.body, "first");
  state.resets = true;
  const moved = await proxy.ask(get("/", `Cookie: ${cookieOf(old)}`));
  t.equal(moved.body, "0");
  t.not(cookieOf(moved), cookieOf(old));
  t.equal((await proxy.ask(get("/", `Cookie: ${cookieOf(moved)}`))).body, "0");
});

t.test("gateways in front of the same endpoints know each other's cookies", async (t) => {
  const { proxy, endpoints } = await startSticky(t);
  const addresses = endpoints.map(({ address }) => address);
  const other = await startGateway(t, addresses, { cluster: { sticky } });
  for (const first of await askTimes(proxy, 4)) {
    const second = await other.ask(get("/", `Cookie: ${cookieOf(first)}`));
    t.equal(second.body, first.body);
    t.equal(field(second, "set-cookie"), null);
  }
});

t.test("a key of its own makes other tokens", async (t) => {
  const { proxy, endpoints } = await startSticky(t);
  const addresses = endpoints.map(({ address }) => address);
  const other = await startGateway(t, addresses, { cluster: { sticky: { ...sticky, key: "secret" } } });
  const tokens = new Set((await askTimes(proxy, 4)).map(cookieOf));
  for (const first of await askTimes(other, 4)) {
    t.notOk(tokens.has(cookieOf(first)));
    const again = await other.ask(get("/", `Cookie: ${cookieOf(first)}`));
    t.equal(again.body, first.body);
  }
});

t.test("an endpoint that discovery took away while it answered leads nobody back to it", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, { cluster: { sticky } });
  const client = await proxy.connect();
  client.write(get());
  const { peer } = await upstream.request();
  const [cluster] = proxy.gateway.generation.clusters.values();
  proxy.gateway.setEndpoints(cluster!.name, []);
  peer.write(ok("late"));
  const response = await readMessage(client);
  t.equal(response.body, "late");
  t.equal(field(response, "set-cookie"), null);
});

t.test("behind a trusted proxy that ended the client's TLS the cookie is Secure", async (t) => {
  const { proxy } = await startSticky(t, { forwarding: { trustedProxies: ["127.0.0.1"] } });
  t.match(field(await proxy.ask(get("/", "X-Forwarded-Proto: https")), "set-cookie"), /; Secure$/);
  t.notMatch(field(await proxy.ask(get("/", "X-Forwarded-Proto: http")), "set-cookie"), /Secure/);
});
