/** Endpoints that a plugin chose: the names that it may choose must not lead to where no name may. */
import type { LookupAddress } from "node:dns";
import { once } from "node:events";
import { type AddressInfo, createServer, type LookupFunction } from "node:net";
import t, { type Test } from "tap";
import { configFromFlags } from "../../core/config/from-flags.ts";
import { plainCluster } from "../../core/config/overrides.ts";
import { openConnection, toConnectError } from "../../core/net/connector.ts";
import { Reactor } from "../../core/net/reactor.ts";
import { Metrics } from "../../core/observe/metrics.ts";
import { checkedLookup } from "../../core/sandbox/host/outbound/lookup.ts";
import { Cluster } from "../../core/upstream/cluster.ts";
import { upstreamServices } from "../../core/upstream/services.ts";
import { recordingLog } from "../net/recording-log.ts";

const read = { buffer: () => new Uint8Array(1024), callback: () => true };
const answering = (address: string) => checkedLookup("private", async () => [{ address, family: 4 }]);

async function outcome(port: number, lookup: LookupFunction): Promise<string> {
  const socket = openConnection({ address: { host: "a.svc.internal", port }, tls: null, lookup }, read);
  try {
    await once(socket, "connect");
    return "connected";
  } catch (error) {
    return toConnectError(error, "a.svc.internal").message;
  } finally {
    socket.destroy();
  }
}

function lookupOf(t: Test, isFound: boolean): LookupFunction | undefined {
  const reactor = new Reactor(new Metrics(), recordingLog());
  const { limits } = configFromFlags({});
  const plugin = { kind: "plugin", plugin: "registry", every: 1000, config: null } as const;
  const dns = { kind: "dns", host: "a.svc.internal", port: 80 } as const;
  const address = { host: "a.svc.internal", port: 80 };
  const endpoint = { address, weight: 1, zone: null, priority: 0, authority: "a.svc.internal:80" };
  const config = { ...plainCluster("app", []), discovery: isFound ? plugin : dns, endpoints: [endpoint] };
  const cluster = new Cluster(config, limits, reactor, upstreamServices(reactor));
  t.teardown(() => cluster.close());
  return cluster.endpoints[0]!.target.lookup;
}

t.test("a name that a plugin chose is not connected to at the address of a metadata service", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  t.teardown(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  t.equal(await outcome(port, answering("127.0.0.1")), "connected", "but where it may be, it is");
  for (const address of ["169.254.169.254", "100.100.100.200", "0.0.0.0", "224.0.0.1"]) {
    t.match(await outcome(port, answering(address)), /has an address that no name may have/, address);
  }
});

t.test("endpoints of plugins are looked up like that, and the operator's own are not", async (t) => {
  const lookup = lookupOf(t, true)!;
  const found = await new Promise((resolve) =>
    lookup("localhost", { all: true }, (_, addresses) => resolve(addresses)),
  );
  t.ok((found as LookupAddress[]).some(({ address }) => ["127.0.0.1", "::1"].includes(address)));
  // The system's resolver gives an address as it is.
  const refused = await new Promise((resolve) => lookup("169.254.169.254", { all: true }, resolve));
  t.match(refused, { message: /has an address that no name may have/ });
  t.equal(lookupOf(t, false), undefined);
});
