import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import t from "tap";
import type { Target } from "../../bench/load/load.ts";
import { stopChild } from "../../bench/process/child.ts";
import { checkFlip, checkGate, checkTellingGate, gateKey } from "../../bench/proxies/gate.ts";
import { startUpstream } from "../../bench/upstream/start.ts";

type Flaw =
  | "lets everyone in"
  | "does not mark the request"
  | "marks it twice"
  | "does not mark the response";

/** A server that answers as a proxy with the gate would, but for one flaw. */
async function startGate(flaw: Flaw | null): Promise<{ readonly target: Target; close(): void }> {
  const tenants = flaw === "does not mark the request" ? 0 : flaw === "marks it twice" ? 2 : 1;
  const server = http.createServer((request, response) => {
    if (request.headers["x-api-key"] !== gateKey && flaw !== "lets everyone in") {
      response.writeHead(401).end();
      return;
    }
    if (flaw !== "does not mark the response") response.setHeader("x-policy", "seen");
    const seen = `GET /echo HTTP/1.1\r\n${"X-Tenant: acme\r\n".repeat(tenants)}`;
    response.end(request.url === "/echo" ? seen : "{}");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const target = { port: (server.address() as AddressInfo).port, tls: false };
  return { target, close: () => server.close() };
}

t.test("checkGate accepts a proxy that does the work", async (t) => {
  const gate = await startGate(null);
  t.teardown(() => gate.close());
  await t.resolves(checkGate(gate.target));
});

t.test("checkTellingGate refuses a gate that tells nobody for whom it forwards", async (t) => {
  const gate = await startGate(null);
  t.teardown(() => gate.close());
  await t.rejects(checkTellingGate(gate.target), { message: /x-forwarded-for in the request to be 127/ });
});

const refused: readonly [Flaw, RegExp][] = [
  ["lets everyone in", /without a valid key to be 401, found 200/],
  ["does not mark the request", /x-tenant in the request to be acme, found $/],
  ["marks it twice", /x-tenant in the request to be acme, found acme,acme/],
  ["does not mark the response", /x-policy in the response to be seen, found undefined/],
];

for (const [flaw, message] of refused) {
  t.test(`checkGate refuses a proxy that ${flaw}`, async (t) => {
    const gate = await startGate(flaw);
    t.teardown(() => gate.close());
    await t.rejects(checkGate(gate.target), { message });
  });
}

t.test("the checks refuse the upstream itself, where nothing did any work", async (t) => {
  const upstream = await startUpstream(60_000);
  t.teardown(() => stopChild(upstream.child));
  const target = { port: upstream.port, tls: false };
  await t.rejects(checkGate(target), { message: /to be 401, found 200/ });
  await t.rejects(checkFlip(target), { message: /the first byte to be x, found 0/ });
});
