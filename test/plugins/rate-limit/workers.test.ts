/** The command with four reactors and real sockets: a limit holds for all of them together. Runs on Node. */
import { Agent, request } from "node:http";
import t from "tap";
import { PluginFolder } from "../../control/plugin-folder.ts";
import { startSluice } from "../../control/running-sluice.ts";

t.setTimeout(60_000);

interface Answered {
  /** When it was asked and when it was answered, in ms. */
  readonly asked: number;
  readonly answered: number;
  readonly status: number;
}

function ask(url: string, agent: Agent): Promise<Answered> {
  const asked = performance.now();
  return new Promise((resolve, reject) => {
    request(url, { agent }, (response) => {
      response.resume();
      response.once("end", () =>
        resolve({ asked, answered: performance.now(), status: response.statusCode! }),
      );
    })
      .on("error", reject)
      .end();
  });
}

/** Asks on 64 connections, which the kernel shares among the reactors, for so long. */
async function flood(url: string, ms: number): Promise<Answered[]> {
  const all: Answered[] = [];
  const end = performance.now() + ms;
  const client = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (performance.now() < end) all.push(await ask(url, agent));
    agent.destroy();
  };
  await Promise.all(Array.from({ length: 64 }, client));
  return all;
}

function configFor(limit: string): string {
  return `
workers: 4
listeners: [{ name: main, address: 127.0.0.1:0 }]
admin: { address: 127.0.0.1:0 }
accessLog: false
clusters: { app: { endpoints: [http://127.0.0.1:1] } }
routes:
  - respond: { status: 200, body: "here" }
    policies:
      - plugin: rate-limit
        config: { limits: [{ ${limit}, key: [] }] }
`;
}

async function flooded(t: Parameters<typeof startSluice>[0], limit: string, ms: number): Promise<Answered[]> {
  const folder = new PluginFolder(t, {});
  const sluice = startSluice(t, "--config", folder.write("sluice.yaml", configFor(limit)));
  const answers = await flood(await sluice.url(), ms);
  t.same(
    answers.filter(({ status }) => status !== 200 && status !== 429),
    [],
  );
  return answers;
}

const passed = (answers: readonly Answered[]) => answers.filter(({ status }) => status === 200);

/** Per second; a machine that is busy with other tests may not come to the first one. */
for (const limit of [1000, 200]) {
  t.test(`a bucket of ${limit} a second under four reactors gives not one too many`, async (t) => {
    const answers = await flooded(t, `limit: ${limit}, window: 1`, 2000);
    const given = passed(answers);
    const begin = Math.min(...answers.map(({ asked }) => asked));
    const seconds = (Math.max(...given.map(({ answered }) => answered)) - begin) / 1000;
    const most = Math.floor(limit + limit * seconds);
    t.comment(`${given.length} of at most ${most} in ${seconds.toFixed(2)} s, ${answers.length} asked`);
    t.ok(given.length <= most, `${given.length} of ${most}`);
    if (limit < 1000) t.ok(given.length < answers.length, "some were refused");
  });

  t.test(`a window of ${limit} a second under four reactors: not one too many in any second`, async (t) => {
    const answers = await flooded(t, `algorithm: sliding-window, limit: ${limit}, window: 1`, 2000);
    const given = passed(answers);
    // Those that were surely decided within a second: asked after it began, and answered before it was over.
    const worst = Math.max(
      ...given.map(
        ({ asked: begin }) =>
          given.filter(({ asked, answered }) => asked >= begin && answered < begin + 1000).length,
      ),
    );
    t.comment(`${worst} in the worst second, ${given.length} in all, ${answers.length} asked`);
    t.ok(worst <= limit, `${worst} in a second`);
    if (limit < 1000) t.ok(given.length < answers.length, "some were refused");
  });
}

t.test("a quota of 500 under four reactors is 500", async (t) => {
  const given = passed(await flooded(t, "algorithm: quota, limit: 500, period: month", 2000));
  t.equal(given.length, 500);
});
