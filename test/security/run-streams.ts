import { setTimeout as sleep } from "node:timers/promises";
import type { Test } from "tap";
import type { EngineName } from "../../core/sandbox/engine.ts";
import { get } from "../support/gateway.ts";
import { field } from "../support/message.ts";
import type { RawPeer } from "../support/raw-peer.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";
import { usualDelay } from "./attack.ts";
import { type HostileGateway, startHostileGateway } from "./hostile-gateway.ts";
import { Prober } from "./prober.ts";
import type { StreamAttack, StreamEnd } from "./streams.ts";

/** ms after which a client goes, whatever it has got; and where it has to see an end. */
const patience = 200;
const longPatience = 5000;
/** Bytes after which it goes. */
const enough = 8 * 2 ** 20;
/** Bytes that the host may hold for one client: a part, and what sockets take. */
const heldForClient = 512 * 1024;
/** Bytes by which the host's memory may grow besides: garbage, and the guest's own. */
const heldAnyway = 64 * 2 ** 20;

/** Runs each attack through a gateway of its own, while somebody else asks for the innocent route. */
export async function runStreams(
  t: Test,
  engine: EngineName,
  attacks: readonly StreamAttack[],
): Promise<void> {
  const upstream = await startUpstream(t, (request) => ok(field(request, "x-innocent") ?? "upstream"));
  for (const attack of attacks) {
    const { plugin, seized = false, limits = {}, clients = 1, stalls = false } = attack;
    await t.test(attack.title, { skip: attack.exempt?.[engine] ?? false }, async (t) => {
      const gateway = await startHostileGateway(t, upstream.address, {
        engine,
        attack: plugin,
        seized,
        limits,
      });
      const prober = new Prober(await gateway.connect());
      await sleep(20);
      const { arrayBuffers } = process.memoryUsage();
      const peers = await Promise.all(Array.from({ length: clients }, () => gateway.connect()));
      const ends = await Promise.all(
        peers.map((peer) =>
          stalls ? stall(peer) : read(peer, attack.ends.includes("left") ? patience : longPatience),
        ),
      );
      const grown = process.memoryUsage().arrayBuffers - arrayBuffers;
      for (const { socket } of peers) socket.destroy();
      const calm = await gateway.ask(get("/calm"));
      const probes = await prober.stop();

      for (const end of new Set(ends)) t.ok(attack.ends.includes(end), `a client: ${end}`);
      t.ok([200, 500, 503].includes(calm.status), `it is asked again: ${calm.status}`);
      t.same(probes.wrong, [], "answers of the innocent route");
      t.ok(probes.count > 0, `the innocent route was asked ${probes.count} times`);
      t.ok(probes.longest < usualDelay, `others waited ${probes.longest.toFixed()} ms`);
      if (stalls)
        t.ok(
          grown < clients * heldForClient + heldAnyway,
          `the host holds ${(grown / 2 ** 20).toFixed()} MiB`,
        );
      t.equal(await inFlight(gateway), 0, "no exchange is left");
      judgeFaults(t, attack, gateway);
    });
  }
}

function judgeFaults(t: Test, { fault }: StreamAttack, gateway: HostileGateway): void {
  const { faults } = gateway.report();
  if (fault === null) t.same(faults, {}, "no fault");
  else if (fault !== undefined) t.ok(faults[fault]! > 0, `counted: ${JSON.stringify(faults)}`);
}

/** Reads until the body is over, or the connection, or there was enough. */
async function read(peer: RawPeer, patience: number): Promise<StreamEnd> {
  peer.write(get("/attack"));
  const began = performance.now();
  while (performance.now() - began < patience && peer.received < enough) {
    if (peer.text.startsWith("HTTP/1.1 50")) return "refused";
    if (peer.text.endsWith("\r\n0\r\n\r\n")) return "whole";
    if (!peer.isOpen) return "cut";
    await sleep(5);
  }
  return "left";
}

async function stall(peer: RawPeer): Promise<StreamEnd> {
  peer.socket.pause();
  peer.write(get("/attack"));
  await sleep(patience);
  return "left";
}

/** Exchanges whose clients have gone are over soon. */
async function inFlight(gateway: HostileGateway): Promise<number> {
  for (let n = 0; n < 100 && gateway.requestsInFlight() > 0; n++) await sleep(10);
  return gateway.requestsInFlight();
}
