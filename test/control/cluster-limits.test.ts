/** Limits of a cluster hold over the workers of a real Sluice, and over its reloads. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { Agent, createServer, get, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import t, { type Test } from "tap";
import { startSluice } from "./running-sluice.ts";

/** An endpoint that answers nobody until the test says so. */
async function startHeld(t: Test) {
  const held: ServerResponse[] = [];
  let isOpen = false;
  const server = createServer((_, response) => {
    if (isOpen) response.end("now");
    else held.push(response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const release = () => {
    isOpen = true;
    for (const response of held) response.end("late");
  };
  return { port: (server.address() as AddressInfo).port, held, release };
}

/** Status of a request on a connection of its own, which the kernel gives to any worker. */
async function statusOf(url: string): Promise<number> {
  const request = get(url, { agent: new Agent({ keepAlive: false }) });
  const [response] = await once(request, "response");
  response.resume();
  return response.statusCode;
}

t.test("two workers have one maxRequests, before and after a reload", async (t) => {
  const { port, held, release } = await startHeld(t);
  const file = join(t.testdir(), "sluice.yaml");
  const write = (maxIdle: number) =>
    writeFileSync(
      file,
      `listeners: [{ address: 127.0.0.1:0 }]
admin: { address: 127.0.0.1:0 }
workers: 2
clusters:
  app: { endpoints: ["http://127.0.0.1:${port}"], maxRequests: 4, maxIdle: ${maxIdle}, concurrency: { adaptive: true } }
`,
    );
  write(8);
  const sluice = startSluice(t, "--config", file);
  const [url, admin] = [await sluice.url(), await sluice.adminUrl()];
  const limits = async () => {
    const { clusters } = (await (await fetch(`${admin}/clusters`)).json()) as {
      clusters: [{ limits: { requests: { inFlight: number } } }];
    };
    return clusters[0].limits;
  };

  const refused: number[] = [];
  const all = Array.from({ length: 24 }, async () => {
    const status = await statusOf(url);
    if (status === 503) refused.push(status);
    return status;
  });
  while (held.length < 4 || refused.length < 20) await delay(10);
  t.equal(held.length, 4, "the endpoint sees as many as it may");
  t.match(await limits(), {
    requests: { most: 4, inFlight: 4 },
    retries: null,
    concurrency: { inFlight: 4 },
  });

  const from = sluice.lines.length;
  write(9);
  sluice.signal("SIGHUP");
  await sluice.line("Config reloaded", from);
  for (let i = 0; i < 8; i++) t.equal(await statusOf(url), 503, "those from before still count");
  t.match(await limits(), { requests: { inFlight: 4 }, concurrency: { inFlight: 4 } });

  const metrics = await (await fetch(`${admin}/metrics`)).text();
  t.match(metrics, 'sluice_upstream_requests{cluster="app"} 4\n');
  t.match(
    metrics,
    'sluice_upstream_requests_refused_total{cluster="app",reason="requests",priority="1"} 28\n',
  );
  t.match(metrics, 'sluice_upstream_concurrency{cluster="app"} 4\n');
  release();
  t.equal((await Promise.all(all)).filter((status) => status === 200).length, 4);
  while ((await limits()).requests.inFlight > 0) await delay(10);
  t.equal(await statusOf(url), 200);
});
