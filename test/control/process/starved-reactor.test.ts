/** On a machine with too much to do a reactor may wait for a processor while another one works. */
import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { missing } from "../../support/missing.ts";
import { startSluice } from "../running-sluice.ts";
import { startService } from "../service.ts";

/** More than a policy may be silent for, in ms, and less than a process may. */
const starved = 1500;

t.test(
  "a reactor that is kept waiting is not taken for one that does not come back",
  { skip: missing("chrt", "taskset") },
  async (t) => {
    const service = await startService(t);
    const folder = t.testdir({
      "work.ts": "export default { onRequest() { for (let i = 0; i < 1e7; i++); } };",
    });
    const sluice = startSluice(
      t,
      ...["--upstream", service.url, "--plugins", folder, "--workers", "2", "--no-access-log"],
      ...["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"],
    );
    const url = await sluice.url();
    let isOver = false;
    t.teardown(() => {
      isOver = true;
    });
    const asking = Array.from({ length: 48 }, async () => {
      // Who comes to the reactor that is kept waiting tries again.
      while (!isOver) await ask(url).catch(() => {});
    });
    const pid = sluice.dataPid();
    await sleep(1000);
    const [reactor] = busiest(pid, await busyIn(pid, 500));
    const cpu = firstProcessor(pid);
    for (let n = 0; n < 2; n++) {
      const busy = spawn("taskset", ["--cpu-list", cpu, process.execPath, "-e", "for (;;);"]);
      t.teardown(() => busy.kill("SIGKILL"));
    }
    await sleep(300);
    spawnSync("chrt", ["--idle", "--pid", "0", reactor!]);
    spawnSync("taskset", ["--cpu-list", "--pid", cpu, reactor!]);
    const used = await busyIn(pid, starved);
    t.ok(used.get(reactor!)! < starved / 10, `it was kept waiting, but for ${used.get(reactor!)} ms`);
    t.ok(Math.max(...used.values()) > 0, "and the other one worked");
    isOver = true;
    t.equal(sluice.dataPid(), pid);
    t.notOk(sluice.lines.find(({ msg }) => msg === "Data process ended, starting another"));
    sluice.signal("SIGKILL");
    await Promise.allSettled(asking);
  },
);

async function ask(url: string): Promise<void> {
  const signal = AbortSignal.timeout(100);
  await (await fetch(url, { signal, headers: { connection: "close" } })).text();
}

/** CPU time of each thread in that time, both in ms. */
async function busyIn(pid: number, ms: number): Promise<Map<string, number>> {
  const before = threadTimes(pid);
  await sleep(ms);
  return new Map([...threadTimes(pid)].map(([thread, time]) => [thread, time - (before.get(thread) ?? 0)]));
}

function threadTimes(pid: number): Map<string, number> {
  return new Map(
    readdirSync(`/proc/${pid}/task`).map((thread) => {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "latin1");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return [thread, 10 * (Number(fields[11]) + Number(fields[12]))];
    }),
  );
}

/** Its main thread only passes messages on. */
function busiest(pid: number, times: Map<string, number>): string[] {
  const threads = [...times].filter(([thread]) => thread !== String(pid));
  return threads.sort(([, one], [, other]) => other - one).map(([thread]) => thread);
}

function firstProcessor(pid: number): string {
  const allowed = readFileSync(`/proc/${pid}/status`, "latin1");
  return /^Cpus_allowed_list:\s*(\d+)/m.exec(allowed)![1]!;
}
