/** What happens to the services while the load goes on. */
import { setTimeout as delay } from "node:timers/promises";
import type { Fleet } from "./fleet.ts";

const second = 1000;
const quietMs = 4 * second;
const faultMs = 8 * second;

export interface Scenario {
  readonly id: string;
  readonly title: string;
  /** Of failed requests, where there is a limit that Sluice has to keep. */
  readonly must: number | null;
  /** Begins with the load; what it reports is put beside the failures. */
  readonly run: (fleet: Fleet, happened: (what: string) => void) => Promise<void>;
}

export const scenarios: readonly Scenario[] = [
  { id: "calm", title: "Nothing happens", must: 0, run: async () => {} },
  {
    id: "kill",
    title: "One of four killed (SIGKILL) after 4 s, started again after 8 s more",
    must: 0.0001,
    async run(fleet, happened) {
      await delay(quietMs);
      happened("kill");
      await fleet.kill(0);
      await delay(faultMs);
      await fleet.startAgain(0);
      happened("started again");
    },
  },
  {
    id: "freeze",
    title: "One of four frozen (SIGSTOP) after 4 s, running on after 8 s more",
    must: 0.0001,
    async run(fleet, happened) {
      await delay(quietMs);
      happened("freeze");
      fleet.freeze(0);
      await delay(faultMs);
      fleet.thaw(0);
      happened("thaw");
    },
  },
  misconduct("slow", "One of four answers 500 ms later, from 4 s to 12 s", { delay: 500, failEvery: 0 }),
  misconduct("errors", "One of four answers each fifth request with 500, from 4 s to 12 s", {
    delay: 0,
    failEvery: 5,
  }),
  {
    id: "rolling",
    title:
      "All four restarted in turn: SIGTERM, drained, gone for a second, started, two seconds until the next",
    must: 0,
    async run(fleet, happened) {
      await delay(quietMs);
      for (let index = 0; index < fleet.size; index++) {
        happened(`SIGTERM to ${fleet.ports[index]}`);
        await fleet.terminate(index);
        happened("it has ended");
        await delay(second);
        await fleet.startAgain(index);
        happened("it listens again");
        await delay(2 * second);
      }
    },
  },
];

function misconduct(id: string, title: string, conduct: Parameters<Fleet["behave"]>[1]): Scenario {
  return {
    id,
    title,
    must: null,
    async run(fleet, happened) {
      await delay(quietMs);
      happened("begins");
      fleet.behave(0, conduct);
      await delay(faultMs);
      fleet.behave(0, { delay: 0, failEvery: 0 });
      happened("ends");
    },
  };
}
