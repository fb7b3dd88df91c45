/** A guest in a process that gets no more of the machine than others leave it. */
import { availableParallelism } from "node:os";
import t from "tap";
import { startProgram } from "../../support/program.ts";
import { program } from "./fixture.ts";

/** Of CPU time, of which a message takes 10 to 15 ms. */
const budget = 50;
/** For each processor. */
const others = 8;

const work = `
  const cpu = () => { const { user, system } = process.threadCpuUsage(); return (user + system) / 1000; };
  let rounds = 1e5;
  for (let took = 0; took < 10; rounds *= 1.5) { const start = cpu(); guest.dispatch(String(rounds)); took = cpu() - start; }
  let longest = 0;
  for (const end = performance.now() + 5000; performance.now() < end; ) {
    const start = performance.now();
    guest.dispatch(String(rounds / 1.5));
    longest = Math.max(longest, performance.now() - start);
  }
  const start = performance.now();
  let fault;
  try { guest.dispatch("loop"); } catch (error) { fault = error.kind; }
  console.log(JSON.stringify({ longest, fault, ended: performance.now() - start }));
  engine.close();`;

t.test(
  "time in which others had the processors is not held against a guest, and a loop is ended",
  async (t) => {
    await using busy = new AsyncDisposableStack();
    for (let n = 0; n < others * availableParallelism(); n++)
      busy.use(startProgram("sh", ["-c", "while :; do :; done"]));
    await using child = startProgram(process.execPath, program(work, budget));
    t.equal(await child.ended, 0, child.output);
    const { longest, fault, ended } = JSON.parse(child.output);
    t.ok(longest > budget, `${longest} ms: there was something to be held against it`);
    t.equal(fault, "cpu");
    t.ok(ended < 5000, `after ${ended} ms`);
  },
);
