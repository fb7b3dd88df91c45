import t from "tap";
import { faultLines } from "../../core/policy/fault-lines.ts";
import { stopBundler } from "../../core/reload/bundle.ts";
import { JumpingClock } from "../../core/testing/test-clock.ts";
import { get } from "../support/gateway.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);

function start() {
  let time = 5000;
  const admit = faultLines(() => time);
  const pass = (ms: number) => {
    time += ms;
  };
  return { admit, pass };
}

t.test("ten faults in a row have a line each, and further ones have none", async (t) => {
  const { admit } = start();
  for (let n = 0; n < 10; n++) t.equal(admit("onRequest"), 0);
  for (let n = 0; n < 1000; n++) t.equal(admit("onRequest"), null);
});

t.test("a flood has one line a second, which says how many were left out", async (t) => {
  const { admit, pass } = start();
  const told: number[] = [];
  for (let n = 0; n < 500; n++) {
    const suppressed = admit("onRequest");
    if (suppressed !== null) told.push(suppressed);
    pass(10);
  }
  t.same(told.slice(0, 10), Array(10).fill(0));
  t.equal(told.length, 10 + 4, "in five seconds");
  t.same(told.slice(11), [99, 99, 99]);
});

t.test("after a rest there are ten again, and not more", async (t) => {
  const { admit, pass } = start();
  for (let n = 0; n < 15; n++) admit("onRequest");
  pass(3_600_000);
  t.equal(admit("onRequest"), 5);
  for (let n = 0; n < 9; n++) t.equal(admit("onRequest"), 0);
  t.equal(admit("onRequest"), null);
});

t.test("a flood of one kind hides no other", async (t) => {
  const { admit } = start();
  for (let n = 0; n < 100; n++) admit("onRequest");
  t.equal(admit("onResponse"), 0);
});

t.test("requests that make a plugin throw do not fill the log, and are all counted", async (t) => {
  const clock = new JumpingClock(false);
  const upstream = await startUpstream(t, () => ok("upstream"));
  const gateway = await startPolicyGateway(t, upstream.address, {
    clock,
    plugins: {
      "p.ts": `export default {
        onRequest(request) { if (request.headers.has("x-request")) throw new Error("first"); },
        onResponse() { throw new Error("second"); },
      };`,
      "q.ts": `export default { onRequest(request) { if (request.headers.has("x-other")) throw new Error("other"); } };`,
    },
  });
  const lines = () =>
    gateway.log.entries
      .filter(({ message }) => message === "Policy failed")
      .map(({ fields }) => fields as { plugin: string; phase: string; suppressed?: number });
  const linesOf = (plugin: string, phase: string) =>
    lines().filter((line) => line.plugin === plugin && line.phase === phase);
  const ask = async (times: number, ...fields: string[]) => {
    for (let n = 0; n < times; n++) await gateway.ask(get("/", ...fields));
  };

  await ask(30, "X-Request: 1");
  t.equal(linesOf("p", "onRequest").length, 10);
  await ask(1);
  t.equal(linesOf("p", "onResponse").length, 1, "another phase");
  await ask(1, "X-Other: 1");
  t.equal(linesOf("q", "onRequest").length, 1, "another plugin");
  t.ok(lines().every(({ suppressed }) => suppressed === undefined));

  await clock.advance(1000);
  await ask(2, "X-Request: 1");
  t.same(
    linesOf("p", "onRequest")
      .slice(10)
      .map(({ suppressed }) => suppressed),
    [20],
  );
  const [p, q] = gateway.gateway.generation.policies.report();
  t.same([p!.faults, q!.faults], [{ throw: 33 }, { throw: 1 }]);
});
