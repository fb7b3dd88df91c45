import t from "tap";
import { testGateway } from "../../core/testing/index.ts";
import { JumpingClock } from "../../core/testing/test-clock.ts";

const sleeping = (ms: number) => `new Promise((resolve) => setTimeout(resolve, ${ms}))`;

t.test("what is overdue when a running clock has jumped is a timer without a warning", async (t) => {
  const warnings: string[] = [];
  const onWarning = ({ name }: Error) => void warnings.push(name);
  process.on("warning", onWarning);
  t.teardown(() => void process.off("warning", onWarning));
  const clock = new JumpingClock(true);
  await new Promise<void>((resolve) => void clock.after(-5, () => resolve()));
  await new Promise((resolve) => setTimeout(resolve, 1));
  t.same(warnings, []);
});

t.test(
  "time passes when what plugins have the host do is done: signatures, keys, and answers at once",
  async (t) => {
    const source = `const key = crypto.subtle.importKey("raw", new TextEncoder().encode("k"), "PBKDF2", false, ["deriveBits"]);
  const bits = async () =>
    crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: new Uint8Array(8), iterations: 20_000 }, await key, 256);
  export default {
    capabilities: { fetch: ["https://api.test"] },
    onRequest(request, { waitUntil, log }) {
      waitUntil((async () => {
        for (let i = 0; i < 5; i++) {
          await bits();
          await (await fetch("https://api.test/")).text();
          log.info(String(performance.now()));
          await new Promise((resolve) => setTimeout(resolve, 1000));
        }
      })());
      return new Response("begun");
    },
  };`;
    await using gateway = await testGateway({
      plugins: [{ source, limits: { wall: "1m" } }],
      clock: "stopped",
      fetch: () => Response.json({}),
    });
    await gateway.fetch("/");
    await gateway.clock.advance(10_000);
    t.same(
      gateway.log.map(({ message }) => message),
      ["0", "1000", "2000", "3000", "4000"],
    );
  },
);

t.test("an answer is waited for in turns that the thread had, not while it was busy", async (t) => {
  const source = `export default {
    capabilities: { fetch: ["https://api.test"] },
    async onRequest(request, { log }) {
      await (await fetch("https://api.test/")).text();
      log.info(String(performance.now()));
      await ${sleeping(1000)};
      return new Response("slept");
    },
  };`;
  await using gateway = await testGateway({
    plugins: [{ source }],
    clock: "stopped",
    fetch: async () => {
      const end = performance.now() + 200;
      while (performance.now() < end);
      await new Promise((resolve) => setTimeout(resolve, 20));
      return Response.json({});
    },
  });
  const response = gateway.fetch("/");
  await gateway.clock.advance(1000);
  t.equal(await (await response).text(), "slept");
  t.same(
    gateway.log.map(({ message }) => message),
    ["0"],
  );
});

t.test("an answer that the test holds back holds up no clock", async (t) => {
  const source = `export default {
    capabilities: { fetch: ["https://api.test"] },
    async onRequest() {
      const why = await fetch("https://api.test/", { signal: AbortSignal.timeout(2000) }).catch(({ name }) => name);
      return new Response(why + " " + performance.now());
    },
  };`;
  await using gateway = await testGateway({
    plugins: [{ source }],
    clock: "stopped",
    fetch: () => new Promise(() => {}),
  });
  const response = gateway.fetch("/");
  await gateway.clock.advance(2000);
  t.equal(await (await response).text(), "TimeoutError 2000");
});

for (const clock of ["stopped", "running"] as const) {
  t.test(`a handler ends at its wall limit by a clock that is ${clock}, and not before`, async (t) => {
    const source = `export default {
      async onRequest(request, { deadline }) {
        const begun = performance.now();
        const left = deadline - begun;
        await ${sleeping(1)};
        if (request.url.endsWith("/late")) await ${sleeping(5000)};
        else await new Promise((resolve) => setTimeout(resolve, left - (performance.now() - begun) - ${clock === "running" ? 50 : 0}));
        return new Response("in time");
      },
    };`;
    await using gateway = await testGateway({ plugins: [{ source, limits: { wall: "20s" } }], clock });
    const early = gateway.fetch("/");
    await gateway.clock.advance(0);
    await gateway.clock.advance(20_000);
    t.equal((await early).status, 200);
    await gateway.reload([{ source, limits: { wall: "2s" } }]);
    const late = gateway.fetch("/late");
    await gateway.clock.advance(0);
    await gateway.clock.advance(6000);
    t.equal((await late).status, 500);
    t.match(gateway.faults, [{ message: "TimeoutError: onRequest took longer than 2000 ms" }]);
  });
}

t.test(
  "on a clock that runs a handler ends at its wall limit by itself, on one that stands still it does not",
  async (t) => {
    const source = `export default { async onRequest() { await ${sleeping(60_000)} } };`;
    const options = { plugins: [{ source, limits: { wall: "50ms" } }] } as const;
    await using running = await testGateway(options);
    t.equal((await running.fetch("/")).status, 500);
    await using stopped = await testGateway({ ...options, clock: "stopped" });
    const response = stopped.fetch("/");
    await stopped.clock.advance(49);
    t.equal(
      await Promise.race([response, new Promise((resolve) => setTimeout(resolve, 300, "none"))]),
      "none",
    );
    await stopped.clock.advance(1);
    t.equal((await response).status, 500);
  },
);

t.test("the wall limit of onLog follows the clock, too", async (t) => {
  const source = `export default { async onLog() { await ${sleeping(5000)} } };`;
  await using gateway = await testGateway({
    plugins: [{ source, limits: { wall: "2s" } }],
    clock: "stopped",
  });
  await (await gateway.fetch("/")).text();
  await gateway.clock.advance(5000);
  t.match(gateway.faults, [{ phase: "onLog", message: /took longer than 2000 ms/ }]);
});

t.test("a clock is moved by a time that it can get to", async (t) => {
  const clock = new JumpingClock(false);
  for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    await t.rejects(clock.advance(ms), {
      name: "RangeError",
      message: `Cannot advance the clock: expected ms from 0 on, found ${ms}`,
    });
  }
});
