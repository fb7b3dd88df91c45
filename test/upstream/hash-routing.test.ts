/** Requests with the same key go to the same endpoint. */
import t, { type Test } from "tap";
import type { BalanceKind, HashKey } from "../../core/config/traffic-model.ts";
import { type GatewaySettings, get, startGateway, type TestGateway } from "../support/gateway.ts";
import { ok } from "../support/raw-upstream.ts";
import { askTimes, countsOf, ejecting, resets, retrying, startCounting, startNumbered } from "./endpoints.ts";

const kinds = ["ring-hash", "maglev"] as const;

async function startHashing(t: Test, balance: BalanceKind, hashKey: HashKey, settings: GatewaySettings = {}) {
  const endpoints = await startNumbered(t, 4);
  const addresses = endpoints.map(({ address }) => address);
  const proxy = await startGateway(t, addresses, { ...settings, cluster: { balance, hashKey } });
  return { endpoints, proxy };
}

/** Checks that each of many requests always meets the same endpoint, and not all of them one. */
async function isConsistent(t: Test, proxy: TestGateway, requestOf: (i: number) => string): Promise<void> {
  const homes = new Set<string>();
  // Ports, and with them the places of endpoints, are others each time: by chance one of 10^11 times one has no key.
  for (let i = 0; i < 96; i++) {
    const bodies = new Set((await askTimes(proxy, 3, requestOf(i))).map(({ body }) => body));
    t.equal(bodies.size, 1);
    homes.add([...bodies][0]!);
  }
  t.equal(homes.size, 4, "keys are spread over all");
}

for (const kind of kinds) {
  t.test(`${kind} by a header`, async (t) => {
    const { proxy } = await startHashing(t, kind, { kind: "header", name: "x-tenant" });
    await isConsistent(t, proxy, (i) => get("/", `X-Tenant: t${i}`));
  });

  t.test(`${kind} by a cookie`, async (t) => {
    const { proxy } = await startHashing(t, kind, { kind: "cookie", name: "session" });
    await isConsistent(t, proxy, (i) => get(`/${i}`, `Cookie: n=${Math.random()}; session=s${i}`));
  });

  t.test(`${kind} by the address of the client`, async (t) => {
    const { proxy, endpoints } = await startHashing(t, kind, { kind: "client-address" });
    await askTimes(proxy, 12);
    t.same(
      countsOf(endpoints).sort((a, b) => a - b),
      [0, 0, 0, 12],
    );
    for (let i = 0; i < 12; i++) await proxy.ask(get("/", `X-Forwarded-For: 10.0.0.${i}`));
    t.same(
      countsOf(endpoints).sort((a, b) => a - b),
      [0, 0, 0, 24],
      "a stranger does not choose",
    );
  });

  t.test(`${kind} by the address that a trusted proxy tells`, async (t) => {
    const settings = { forwarding: { trustedProxies: ["127.0.0.1"] } };
    const { proxy } = await startHashing(t, kind, { kind: "client-address" }, settings);
    await isConsistent(t, proxy, (i) => get("/", `X-Forwarded-For: 10.0.0.${i}`));
  });

  t.test(`${kind}: requests without the key are spread`, async (t) => {
    const { proxy, endpoints } = await startHashing(t, kind, { kind: "header", name: "x-tenant" });
    await askTimes(proxy, 80);
    for (const count of countsOf(endpoints)) t.ok(count > 0, "by chance one of 10^9 times none");
  });

  t.test(`${kind}: all gateways agree`, async (t) => {
    const key: HashKey = { kind: "header", name: "x-tenant" };
    const { proxy, endpoints } = await startHashing(t, kind, key);
    const addresses = endpoints.map(({ address }) => address);
    const other = await startGateway(t, addresses, { cluster: { balance: kind, hashKey: key } });
    for (let i = 0; i < 16; i++) {
      const request = get("/", `X-Tenant: t${i}`);
      t.equal((await other.ask(request)).body, (await proxy.ask(request)).body);
    }
  });

  t.test(`${kind}: where an endpoint fails its keys go elsewhere, and the others stay`, async (t) => {
    const state = { fails: false };
    const failing = await startCounting(t, (request, peer) =>
      state.fails ? resets(request, peer) : ok("failing"),
    );
    const others = await startNumbered(t, 3);
    const addresses = [failing, ...others].map(({ address }) => address);
    const proxy = await startGateway(t, addresses, {
      cluster: { balance: kind, hashKey: { kind: "header", name: "x-tenant" }, outlier: ejecting() },
      route: { retry: retrying() },
    });
    const home = async (i: number) => (await proxy.ask(get("/", `X-Tenant: t${i}`))).body;
    const before: string[] = [];
    for (let i = 0; i < 40; i++) before.push(await home(i));
    t.ok(before.includes("failing"));
    state.fails = true;
    let moved = 0;
    for (const [i, old] of before.entries()) {
      const now = await home(i);
      t.not(now, "failing");
      if (now !== "" && now !== old && old !== "failing") moved++;
    }
    // A ring moves none of them, Maglev's table a few.
    t.ok(moved <= (kind === "ring-hash" ? 0 : 6), `${moved} moved`);
  });
}
