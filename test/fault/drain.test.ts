import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import t, { type Test } from "tap";
import { listenLocally } from "../support/free-port.ts";
import { get, openPeer } from "../support/gateway.ts";
import { field, readMessage } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";
import { KeepAliveLoad } from "./keep-alive-load.ts";
import { startSluice } from "./sluice-process.ts";

const clients = 16;

for (const workers of ["1", "2"]) {
  t.test(`SIGTERM under load fails no request, workers: ${workers}`, async (t) => {
    const url = await startService(t);
    await using sluice = await startSluice("--upstream", url, "--workers", workers);
    const load = new KeepAliveLoad(sluice.port, clients);
    await load.answers(1000);
    sluice.program.kill("SIGTERM");
    t.equal(await sluice.program.ended, 0);
    await load.stop();
    t.same(load.failures, []);
  });
}

t.test("SIGTERM lets a request in flight finish and says Connection: close", async (t) => {
  const upstream = await startUpstream(t);
  const { host, port } = upstream.address as { host: string; port: number };
  await using sluice = await startSluice("--upstream", `http://${host}:${port}`);
  const client = await openPeer(t, { host, port: sluice.port });
  client.write(get());
  const { peer } = await upstream.request();
  sluice.program.kill("SIGTERM");
  await sluice.program.said(/Draining/);
  await refused(sluice.port);
  peer.write(ok("late"));
  const response = await readMessage(client);
  t.equal(response.body, "late");
  t.equal(field(response, "connection"), "close");
  t.equal(await client.ended(), "end");
  t.equal(await sluice.program.ended, 0);
});

t.test("a second SIGTERM ends it at once", async (t) => {
  const upstream = await startUpstream(t);
  const { host, port } = upstream.address as { host: string; port: number };
  await using sluice = await startSluice("--upstream", `http://${host}:${port}`);
  const client = await openPeer(t, { host, port: sluice.port });
  client.write(get());
  await upstream.request();
  sluice.program.kill("SIGTERM");
  await sluice.program.said(/Draining/);
  sluice.program.kill("SIGTERM");
  t.equal(await sluice.program.ended, 128 + 15);
  await client.ended();
});

async function startService(t: Test): Promise<string> {
  const server = createServer((_request, response) => void response.end("fine"));
  t.teardown(() => server.close().closeAllConnections());
  return `http://127.0.0.1:${await listenLocally(server)}`;
}

/** Waits until nobody accepts connections on the port. */
async function refused(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      socket.destroy();
    } catch {
      return;
    }
  }
}
