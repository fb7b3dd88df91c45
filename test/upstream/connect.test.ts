import { connect } from "node:net";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { Address } from "../../core/config/model.ts";
import { socketFolder } from "../net/socket-folder.ts";
import { freePort } from "../support/free-port.ts";
import { get, startGateway } from "../support/gateway.ts";
import { field } from "../support/message.ts";
import { startProgram } from "../support/program.ts";

/** A listener that accepts nobody and whose queue is full: a connection to it is neither made nor refused. */
async function fullListener(t: Test): Promise<Address> {
  const port = await freePort();
  const source = `require("node:net").createServer().listen({ port: ${port}, host: "127.0.0.1", backlog: 1 }, () => console.log("up"))`;
  const frozen = startProgram("node", ["--eval", source]);
  t.teardown(async () => {
    frozen.kill("SIGCONT");
    await frozen[Symbol.asyncDispose]();
  });
  await frozen.said(/up/);
  frozen.kill("SIGSTOP");
  const address = { host: "127.0.0.1", port };
  const queued = Array.from({ length: 4 }, () => connect(address).on("error", () => {}));
  t.teardown(() => queued.forEach((socket) => void socket.destroy()));
  await Promise.any(queued.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
  return address;
}

t.test("a refused connection is answered 502", async (t) => {
  const proxy = await startGateway(t, { host: "127.0.0.1", port: await freePort() });
  const response = await proxy.ask(get());
  t.equal(response.status, 502);
  t.match(field(response, "proxy-status"), "connection_refused");
  t.match(await proxy.record(1), { error: "connect_refused", attempts: 1, detail: /127\.0\.0\.1:\d+/ });
});

t.test("a Unix socket that is not there is answered 502", async (t) => {
  const proxy = await startGateway(t, { path: join(socketFolder(t), "none.sock") });
  t.equal((await proxy.ask(get())).status, 502);
});

t.test("a name that does not resolve is answered 502", async (t) => {
  const proxy = await startGateway(t, { host: "does-not-exist.invalid", port: 80 });
  const response = await proxy.ask(get());
  t.equal(response.status, 502);
  t.match(field(response, "proxy-status"), "dns_error");
});

t.test("a connection that is not accepted in time is answered 504", async (t) => {
  const proxy = await startGateway(t, await fullListener(t), { clusterTimeouts: { connect: 200 } });
  const response = await proxy.ask(get());
  t.equal(response.status, 504);
  t.match(field(response, "proxy-status"), "connection_timeout");
  t.match(await proxy.record(1), { error: "connect_timeout", upstreamMs: null });
  t.match(proxy.metrics.snapshot().clusters[0], { connections: 0, pending: 0 });
});
