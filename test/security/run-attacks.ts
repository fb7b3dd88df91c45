import { setTimeout as sleep } from "node:timers/promises";
import type { Test } from "tap";
import type { EngineName } from "../../core/sandbox/engine.ts";
import { get } from "../support/gateway.ts";
import { field, type Message, readMessage } from "../support/message.ts";
import { watchMemory } from "../support/peak-memory.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";
import { type Attack, usualAftermath, usualDelay } from "./attack.ts";
import { type HostileGateway, startHostileGateway } from "./hostile-gateway.ts";
import { Prober } from "./prober.ts";

/** ms in which a request has its answer, whatever happens. */
const patience = 20_000;

/** Runs each attack through a gateway of its own, while somebody else asks for the innocent route. */
export async function runAttacks(t: Test, engine: EngineName, attacks: readonly Attack[]): Promise<void> {
  const upstream = await startUpstream(t, (request) => ok(field(request, "x-innocent") ?? "upstream"));
  for (const attack of attacks) {
    const skip = attack.exempt?.[engine] ?? false;
    await t.test(attack.title, { skip }, async (t) => {
      const { plugin, seized = false, limits = {}, config, outbound = null } = attack;
      const gateway = await startHostileGateway(t, upstream.address, {
        ...{ engine, attack: plugin, seized, limits, config, outbound },
      });
      const prober = new Prober(await gateway.connect());
      await sleep(20);
      const growth = watchMemory();
      const answers = await within(askAtOnce(gateway, attack.requests ?? [get("/attack")]));
      await sleep(attack.aftermath ?? usualAftermath);
      const grown = growth() ?? 0;
      const calm = await within(gateway.ask(get("/calm")));
      const probes = await prober.stop();

      const { faults, lastFault } = gateway.report();
      for (const answer of answers) judge(t, attack, answer, lastFault?.message ?? "");
      t.ok([200, 500, 503].includes(calm.status), `it is asked again: ${calm.status}`);
      t.same(probes.wrong, [], "answers of the innocent route");
      t.ok(probes.count > 0, `the innocent route was asked ${probes.count} times`);
      t.ok(probes.longest < (attack.delay ?? usualDelay), `others waited ${probes.longest.toFixed()} ms`);
      if (attack.growth !== undefined) t.ok(grown < attack.growth, `memory grew by ${grown.toFixed()} MiB`);
      if (attack.fault === null) t.same(faults, {}, "no fault");
      else if (attack.fault !== undefined)
        t.ok(faults[attack.fault]! > 0, `counted: ${JSON.stringify(faults)}`);
      else if (answers.some(({ status }) => status !== 200))
        t.not(Object.keys(faults).length, 0, `counted: ${JSON.stringify(faults)}`);
    });
  }
}

function judge(t: Test, { statuses = [200], body }: Attack, answer: Message, fault: string): void {
  t.ok(
    statuses.includes(answer.status),
    `a client gets ${answer.status} ${answer.status === 200 ? "" : fault}`,
  );
  if (answer.status !== 200 || body === undefined) return;
  if (typeof body === "string") t.equal(answer.body, body);
  else t.match(answer.body, body);
}

/** All of them arrive in one turn of the event loop, so that one batch could hold them. */
async function askAtOnce(gateway: HostileGateway, requests: readonly string[]): Promise<Message[]> {
  const clients = await Promise.all(requests.map(() => gateway.connect()));
  await sleep(requests.length);
  for (const [i, request] of requests.entries()) clients[i]!.write(request);
  const answers = await Promise.all(
    requests.map((request, i) => readMessage(clients[i]!, { bodyless: request.startsWith("HEAD ") })),
  );
  for (const { socket } of clients) socket.destroy();
  return answers;
}

async function within<Answer>(answer: Promise<Answer>): Promise<Answer> {
  const late = sleep(patience, undefined, { ref: false }).then(() => {
    throw new Error(`No answer after ${patience} ms`);
  });
  return await Promise.race([answer, late]);
}
