/** Which endpoints policies keep a balancer from, and what they learn of its choice. */
import t, { type Test } from "tap";
import type { Address, ClusterConfig } from "../../core/config/model.ts";
import { MalformedOutcome } from "../../core/policy/malformed-outcome.ts";
import { steered } from "../../core/policy/steering.ts";
import { stopBundler } from "../../core/reload/bundle.ts";
import type { EngineName } from "../../core/sandbox/engine.ts";
import { onEachEngine } from "../support/each-engine.ts";
import { get } from "../support/gateway.ts";
import { field } from "../support/message.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok } from "../support/raw-upstream.ts";
import {
  askTimes,
  type CountingUpstream,
  countsOf,
  refusing,
  resets,
  retrying,
  startCounting,
  startNumbered,
} from "../upstream/endpoints.ts";

t.teardown(stopBundler);

const nameOf = (address: Address) => {
  const { host, port } = address as { host: string; port: number };
  return `${host}:${port}`;
};

interface Start {
  readonly handlers: (names: readonly string[]) => string;
  readonly cluster?: Partial<ClusterConfig>;
  readonly engine?: EngineName;
  readonly retries?: boolean;
  readonly endpoints?: readonly CountingUpstream[];
}

async function start(t: Test, { handlers, retries = false, ...options }: Start) {
  const endpoints = options.endpoints ?? (await startNumbered(t, 4));
  const addresses = endpoints.map(({ address }) => address);
  const gateway = await startPolicyGateway(t, addresses, {
    ...options,
    plugins: { "one.ts": `export default { ${handlers(addresses.map(nameOf))} };` },
    route: { retry: retries ? retrying() : null },
  });
  return { gateway, endpoints };
}

const list = (names: readonly (string | undefined)[]) => JSON.stringify(names);

onEachEngine("the balancer leaves out what is to be avoided, and shares the rest", async (t, engine) => {
  const { gateway, endpoints } = await start(t, {
    engine,
    handlers: (names) => `onUpstream(attempt) {
      attempt.avoid(${list([names[1], "10.9.9.9:1"])});
      attempt.avoid(${list([names[2]])});
    }`,
  });
  await askTimes(gateway, 8);
  t.same(countsOf(endpoints), [4, 0, 0, 4]);
});

t.test("every balancer leaves out what is to be avoided", async (t) => {
  for (const balance of ["round-robin", "least-requests", "ewma", "ring-hash", "maglev"] as const) {
    const hashKey = { kind: "header", name: "x-user" } as const;
    const { gateway, endpoints } = await start(t, {
      cluster: { balance, ...(/hash|maglev/.test(balance) && { hashKey }) },
      handlers: (names) => `onUpstream(attempt) { attempt.avoid(${list(names.slice(1))}); }`,
    });
    for (let user = 0; user < 12; user++) await gateway.ask(get("/", `X-User: u${user}`));
    t.same(countsOf(endpoints), [12, 0, 0, 0], balance);
  }
});

t.test("what one attempt avoids the next may ask", async (t) => {
  const [bad, good] = [await startCounting(t, resets), await startCounting(t, () => ok("good"))];
  const { gateway } = await start(t, {
    endpoints: [bad, good],
    retries: true,
    handlers: ([, second]) =>
      `onUpstream(attempt) { if (!attempt.isRetry) attempt.avoid(${list([second])}); }`,
  });
  t.equal((await gateway.ask(get())).body, "good");
  t.same(countsOf([bad, good]), [1, 1]);
});

t.test("a retry goes to one that was tried rather than to one that is avoided", async (t) => {
  const [bad, avoided] = [await startCounting(t, resets), await startCounting(t, () => ok())];
  const { gateway } = await start(t, {
    endpoints: [bad, avoided],
    retries: true,
    handlers: ([, second]) => `onUpstream(attempt) { attempt.avoid(${list([second])}); }`,
  });
  t.equal((await gateway.ask(get())).status, 502);
  t.same(countsOf([bad, avoided]), [3, 0]);
});

t.test(
  "where all are avoided they are asked after all, unless the policy wants none or a cluster",
  async (t) => {
    const avoidAll = (whenAll: string) => (names: readonly string[]) =>
      `onUpstream(attempt) { attempt.avoid(${list(names)}${whenAll}); },
     onResponse(response) { response.headers.set("x-seen", response.error + " " + response.endpoint); }`;
    const asked = await start(t, { handlers: avoidAll("") });
    await askTimes(asked.gateway, 4);
    t.same(countsOf(asked.endpoints), [1, 1, 1, 1]);

    const refused = await start(t, { handlers: avoidAll(', { whenAll: "refuse" }') });
    const response = await refused.gateway.ask(get());
    t.equal(response.status, 503);
    t.equal(field(response, "x-seen"), "no_healthy_upstream null");
    t.same(countsOf(refused.endpoints), [0, 0, 0, 0]);
    t.match(await refused.gateway.record(1), { error: "no_healthy_upstream" });

    const unknown = await start(t, { handlers: avoidAll(', { whenAll: { cluster: "nowhere" } }') });
    t.match(await unknown.gateway.ask(get()), { status: 500 });
    t.match(await unknown.gateway.record(1), { error: "plugin_failed" });
  },
);

t.test("an endpoint that is assigned is asked although another policy avoids it", async (t) => {
  const { gateway, endpoints } = await start(t, {
    handlers: (names) =>
      `onUpstream(attempt) { attempt.avoid(${list(names)}, { whenAll: "refuse" }); attempt.endpoint = "${names[2]}"; }`,
  });
  t.equal((await gateway.ask(get())).body, "2");
  t.same(countsOf(endpoints), [0, 0, 1, 0]);
});

t.test("the preferred endpoint is asked if there is one of that name, and once for a request", async (t) => {
  const bad = await startCounting(t, resets);
  const others = await startNumbered(t, 2);
  const { gateway } = await start(t, {
    endpoints: [...others, bad],
    retries: true,
    handlers: (names) => `onUpstream(attempt) {
      attempt.prefer(attempt.url.endsWith("/gone") ? "10.9.9.9:1" : "${names[2]}");
    }`,
  });
  for (let turn = 0; turn < 4; turn++) t.equal((await gateway.ask(get())).status, 200);
  t.equal(bad.requests.length, 4);
  t.equal((await gateway.ask(get("/gone"))).status, 200);
});

t.test("a client's cookie goes before a preference, and not before what is to be avoided", async (t) => {
  const sticky = { cookie: "at", path: "/", ttl: 0, key: null };
  const { gateway, endpoints } = await start(t, {
    cluster: { sticky },
    handlers: (names) => `onUpstream(attempt) {
      if (attempt.url.endsWith("/prefer")) attempt.prefer("${names[3]}");
      if (attempt.url.endsWith("/avoid")) attempt.avoid(${list(names.slice(0, 3))});
    }`,
  });
  const first = await gateway.ask(get());
  const cookie = `Cookie: ${field(first, "set-cookie")!.split(";")[0]}`;
  t.equal((await gateway.ask(get("/prefer", cookie))).body, first.body);
  t.equal((await gateway.ask(get("/avoid", cookie))).body, "3");
  t.equal(endpoints[3]!.requests.length, 1);
});

onEachEngine("policies are told who answered, and who was asked before", async (t, engine) => {
  const [bad, good] = [await startCounting(t, resets), await startCounting(t, () => ok())];
  const { gateway } = await start(t, {
    engine,
    endpoints: [bad, good],
    retries: true,
    handlers:
      () => `onUpstream(attempt) { attempt.headers.set("x-previous", JSON.stringify(attempt.previous)); },
      onResponse(response) {
        response.headers.set("x-seen", [response.statusText, response.cluster, response.endpoint].join("|"));
      }`,
  });
  const response = await gateway.ask(get());
  t.equal(field(response, "x-seen"), `OK|upstream|${nameOf(good.address)}`);
  t.equal(field(bad.requests[0]!, "x-previous"), "null");
  const previous = { cluster: "upstream", endpoint: nameOf(bad.address) };
  t.same(JSON.parse(field(good.requests[0]!, "x-previous")!), previous);
});

t.test("policies are told who was asked in vain", async (t) => {
  const address = await refusing();
  const gateway = await startPolicyGateway(t, address, {
    plugins: {
      "one.ts": `export default { onResponse(response) {
        response.headers.set("x-seen", response.error + "|" + response.endpoint + "|" + response.statusText);
      } };`,
    },
    route: { retry: null },
  });
  t.equal(field(await gateway.ask(get()), "x-seen"), `connect_refused|${nameOf(address)}|Bad Gateway`);
});

t.test("policies are told of nobody where a policy answered", async (t) => {
  const gateway = await startPolicyGateway(t, await refusing(), {
    plugins: {
      "a.ts": `export default { onResponse(response) {
        response.headers.set("x-seen", response.endpoint + "|" + response.cluster + "|" + response.error);
      } };`,
      "b.ts": 'export default { onRequest() { return new Response("own"); } };',
    },
  });
  t.equal(field(await gateway.ask(get()), "x-seen"), "null|null|null");
});

t.test("more names than there may be are an error of the policy that gave them", async (t) => {
  const names = JSON.stringify(Array.from({ length: 257 }, (_, i) => `10.0.0.1:${i}`));
  const { gateway, endpoints } = await start(t, {
    handlers: () => `onUpstream(attempt) { attempt.avoid(${names}); }`,
  });
  t.equal((await gateway.ask(get())).status, 500);
  t.same(countsOf(endpoints), [0, 0, 0, 0]);
});

t.test("what a guest's runtime says of it is not believed", (t) => {
  const lies: object[] = [
    { avoid: "10.0.0.1:80" },
    { avoid: [7] },
    { avoid: Array(257).fill("x") },
    { avoid: ["x".repeat(70_000)] },
    { avoid: ["x"], whenAll: 7 },
    { avoid: ["x"], whenAll: null },
    { avoid: ["x"], whenAll: { cluster: ["x"] } },
    { prefer: {} },
  ];
  for (const lie of lies) t.throws(() => steered(null, lie), MalformedOutcome);
  const many = (from: number) => ({ avoid: Array.from({ length: 200 }, (_, i) => `e${from + i}`) });
  t.throws(() => steered(steered(null, many(0)), many(200)), MalformedOutcome, "of several policies");
  t.end();
});
