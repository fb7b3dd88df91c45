import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { Test } from "tap";
import type { EngineName } from "../../core/sandbox/engine.ts";
import { createNetworkFetchHost } from "../../core/sandbox/host/fetch/network.ts";
import { outboundAttacks } from "./outbound.ts";
import { runAttacks } from "./run-attacks.ts";

/** Runs attacks beside a server that must not be connected to, and a resolver that must not be asked. */
export async function runOutbound(t: Test, engine: EngineName): Promise<void> {
  let connections = 0;
  const names = new Set<string>();
  const victim = createServer((socket) => {
    connections++;
    socket.on("error", () => {}).end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  await once(victim.listen(0), "listening");
  const { port } = victim.address() as AddressInfo;
  t.teardown(() => victim.close());
  const resolve = async (name: string) => {
    names.add(name);
    return [{ address: "127.0.0.1", family: 4 }];
  };
  for (const attack of outboundAttacks(port)) {
    connections = 0;
    names.clear();
    await runAttacks(t, engine, [
      { ...attack, outbound: (options) => createNetworkFetchHost({ ...options, resolve }) },
    ]);
    t.same([...names], attack.resolved ?? [], `names asked for: ${attack.title}`);
    t.equal(connections, 0, `connections: ${attack.title}`);
  }
}
