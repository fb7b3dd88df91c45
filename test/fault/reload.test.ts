import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { freePort, listenLocally } from "../support/free-port.ts";
import { startProgram } from "../support/program.ts";
import { KeepAliveLoad } from "./keep-alive-load.ts";

const reloads = 20;
const clients = 16;
/** Responses between two reloads. */
const answersBetween = 200;

t.test("reloads under load fail no request", async (t) => {
  const [first, second] = [await startService("first"), await startService("second")];
  t.teardown(() => [first, second].forEach(({ server }) => void server.close().closeAllConnections()));
  const folder = await mkdtemp(join(tmpdir(), "sluice-reload-"));
  t.teardown(() => rm(folder, { recursive: true }));
  const file = join(folder, "sluice.yaml");
  const listen = await freePort();
  await writeFile(file, configText(listen, first.port, 60));

  await using sluice = startProgram(process.execPath, [
    ...["core/cli/main.ts", "--config", file, "--admin", "off", "--no-access-log"],
  ]);
  await sluice.said(/Sluice is listening/);
  const load = new KeepAliveLoad(listen, clients);
  for (let i = 1; i <= reloads; i++) {
    await load.answers(answersBetween);
    // As editors save: the config is never seen half written.
    await writeFile(`${file}.new`, configText(listen, (i % 2 === 0 ? first : second).port, 60 + i));
    await rename(`${file}.new`, file);
    await sluice.said(new RegExp(`(Config reloaded[^]*){${i}}`));
  }
  await load.answers(answersBetween);
  await load.stop();
  t.same(load.failures, []);
  t.equal(load.refused, 0);
  t.ok(first.served() > 0 && second.served() > 0, "both configs were in force");
});

async function startService(name: string) {
  let served = 0;
  const server = createServer((_request, response) => {
    served++;
    response.end(name);
  });
  return { server, served: () => served, port: await listenLocally(server) };
}

function configText(listen: number, upstream: number, keepAlive: number): string {
  return [
    `listeners: [{ address: "127.0.0.1:${listen}" }]`,
    `clusters: { service: { endpoints: ["http://127.0.0.1:${upstream}"] } }`,
    "routes: [{ cluster: service }]",
    `timeouts: { keepAlive: ${keepAlive}s }`,
    "",
  ].join("\n");
}
