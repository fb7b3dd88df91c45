import t from "tap";
import { GuestOperations } from "../../core/policy/guest/operations.ts";
import { HostServices } from "../../core/sandbox/host/services.ts";
import { HostOp } from "../../sdk/runtime/host-op.ts";

const most = 4096;
const refusal =
  "!QuotaExceededError:Cannot begin an operation: 4096 are under way, wait for some of them first";

/** As many as a guest may have, none of which comes to an end. */
function full() {
  const waits = () => new Promise<string>(() => {});
  const handlers = { [HostOp.fetch]: waits, [HostOp.timer]: waits, [HostOp.now]: () => "7" };
  const operations = new GuestOperations(new HostServices([{ handlers }]), () => {});
  const run = (op: number, id: number) => operations.run(op, id, "", undefined, null);
  for (let id = 1; id <= most; id++) run(HostOp.fetch, id);
  return run;
}

t.test("a guest has 4096 operations under way, and the next one is refused until one is over", async (t) => {
  const run = full();
  t.equal(run(HostOp.fetch, most + 1), refusal);
  run(HostOp.cancel, 1);
  t.equal(run(HostOp.fetch, most + 1), undefined);
  t.equal(run(HostOp.fetch, most + 2), refusal);
});

t.test("what is answered at once is answered beside all operations that a guest may have", async (t) => {
  t.equal(full()(HostOp.now, 0), "=7");
});

t.test("a guest that has all of its operations under way is woken for its timers still", async (t) => {
  const run = full();
  t.equal(run(HostOp.timer, most + 1), undefined);
  t.equal(run(HostOp.timer, most + 2), refusal, "there is one for all of them");
});
