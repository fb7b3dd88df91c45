import t from "tap";
import { planText } from "../../../core/cli/plan/plan-text.ts";
import { loadConfig } from "../../../core/config/load.ts";

const plan = (redis: string) => {
  const text = `clusters: { app: { endpoints: [http://127.0.0.1:3000] } }\nstores: { shared: { redis: ${redis} } }`;
  return planText([], loadConfig("sluice.yaml", text, { env: {} }).stores);
};

t.test("a plan tells where a store is, and when it is lost", async (t) => {
  t.equal(
    plan("{ url: redis://127.0.0.1 }"),
    `store shared: Redis at 127.0.0.1:6379, database 0, plain text, no password
  keys    "sluice:" before each
  lost    1s to connect, 100ms to answer
`,
  );
});

t.test("a plan does not tell its password", async (t) => {
  const text = plan(
    "{ url: rediss://redis.internal/2, username: ann, password: hunter-two, tls: { verify: false } }",
  );
  t.match(text, /at redis\.internal:6379, database 2, TLS that is NOT verified, as ann\n/);
  t.notMatch(text, /hunter-two/);
});
