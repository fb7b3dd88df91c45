/** When everything fails, retries do not multiply it. */
import t from "tap";
import { defaultRetryBudget } from "../../core/config/traffic-defaults.ts";
import { get, startGateway } from "../support/gateway.ts";
import { readMessage } from "../support/message.ts";
import { type Answer, ok } from "../support/raw-upstream.ts";
import { answerOf, countsOf, resets, retrying, startCounting } from "./endpoints.ts";

const clients = 10;
const requests = 500;
/** Of the budget's window, in seconds. */
const window = 10;

for (const [name, answer] of [
  ["answer 503", () => answerOf(503)],
  ["reset the connection", resets],
] as const satisfies readonly (readonly [string, Answer])[]) {
  t.test(`endpoints that all ${name} get at most a fifth more than the clients send`, async (t) => {
    const endpoints = await Promise.all([0, 1, 2, 3].map(() => startCounting(t, answer)));
    const addresses = endpoints.map(({ address }) => address);
    const proxy = await startGateway(t, addresses, { route: { retry: retrying() } });
    await Promise.all(
      Array.from({ length: clients }, async () => {
        const client = await proxy.connect();
        for (let i = 0; i < requests / clients; i++) {
          client.write(get());
          t.ok((await readMessage(client)).status >= 502);
        }
      }),
    );
    const sent = countsOf(endpoints).reduce((sum, count) => sum + count, 0);
    const { ratio, minimum } = defaultRetryBudget;
    t.ok(sent <= requests * (1 + ratio) + minimum * window, `${sent} requests`);
    t.ok(sent >= requests * (1 + ratio) * 0.95, `${sent} requests: the budget is used`);
    const attempts = proxy.records.reduce((sum, record) => sum + record.attempts, 0);
    t.equal(attempts, sent, "the access log says the same");
  });
}

t.test("retries that the budget refuses give the client the answer that there was", async (t) => {
  const endpoints = await Promise.all([0, 1].map(() => startCounting(t, () => answerOf(503, "why"))));
  const proxy = await startGateway(
    t,
    endpoints.map(({ address }) => address),
    { cluster: { retryBudget: { ratio: 0, minimum: 0 } }, route: { retry: retrying() } },
  );
  t.match(await proxy.ask(get()), { status: 503, body: "why" });
  t.match(await proxy.record(1), { attempts: 1 });
});

t.test("a budget that was used up is there again with further requests", async (t) => {
  const state = { fails: true };
  const first = await startCounting(t, () => (state.fails ? answerOf(503) : ok()));
  const second = await startCounting(t, () => ok());
  const proxy = await startGateway(t, [first.address, second.address], {
    cluster: { outlier: null, retryBudget: { ratio: 0.1, minimum: 0 } },
    route: { retry: retrying() },
  });
  let good = 0;
  for (let i = 0; i < 100; i++) if ((await proxy.ask(get())).status === 200) good++;
  const retried = proxy.records.filter(({ attempts }) => attempts === 2).length;
  t.equal(retried, 10, "one in ten requests");
  t.ok(good >= 50 + retried - 5 && good < 100);
});
