import { createServer } from "node:http";
import t from "tap";
import { listenLocally } from "../support/free-port.ts";
import { tooSlowToRestart } from "../support/machine-pace.ts";
import { KeepAliveLoad } from "./keep-alive-load.ts";
import { noProc, startSluice } from "./sluice-process.ts";

const clients = 16;
/** From the kill to the next response, ms. */
const mostDowntime = 1000;
const tooSlow = tooSlowToRestart();

t.test("kill -9 of the data process costs only requests in flight", { skip: noProc }, async (t) => {
  const server = createServer((_request, response) => void response.end("fine"));
  const url = `http://127.0.0.1:${await listenLocally(server)}`;
  t.teardown(() => server.close().closeAllConnections());
  await using sluice = await startSluice("--upstream", url);
  const load = new KeepAliveLoad(sluice.port, clients);
  await load.answers(1000);

  const pid = sluice.dataPid();
  const failedBefore = load.failures.length;
  const killedAt = performance.now();
  process.kill(pid, "SIGKILL");
  await sluice.program.said(/Data process serves again/);
  await load.answers(1);
  const downtime = load.lastAnswer - killedAt;
  await load.answers(1000);
  await load.stop();

  t.equal(failedBefore, 0);
  t.ok(load.failures.length <= clients, `${load.failures.length} requests failed`);
  t.equal(load.refused, 0, "new connections wait");
  t.not(sluice.dataPid(), pid);
  t.ok(downtime < mostDowntime, `served again after ${Math.round(downtime)} ms`, { skip: tooSlow });
});
