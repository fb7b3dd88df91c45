import type { Engine, GuestScript } from "../engine.ts";
import { QuickJsGuest } from "./guest.ts";
import { type Snapshot, takeSnapshot } from "./snapshot.ts";

/**
 * Runs plugins in QuickJS inside WebAssembly: an interpreter, slower than a JIT, whose memory cannot
 * outgrow its limit and whose breakdown is an exception. Time is bounded wherever QuickJS asks about
 * it; a few long operations in native code do not ask (test/sandbox/quickjs/native.test.ts lists
 * them) and are left to the supervisor.
 *
 * @example
 * const guest = await createQuickJsEngine().create({ name, runtime, plugin, limits, host });
 * const reply = guest.dispatch(text);
 */
export function createQuickJsEngine(): Engine {
  const snapshots = new LatestSnapshot();
  return {
    name: "quickjs",
    create: async (options) => QuickJsGuest.create(options, await snapshots.of(options.runtime)),
  };
}

/** There is one runtime, if it is not being worked on. */
class LatestSnapshot {
  private runtime: GuestScript | undefined;
  private snapshot: Promise<Snapshot> | undefined;

  of(runtime: GuestScript): Promise<Snapshot> {
    if (this.snapshot === undefined || this.runtime?.code !== runtime.code) {
      this.runtime = runtime;
      this.snapshot = takeSnapshot(runtime);
      // One that failed is tried again; whoever waits for it hears of the failure.
      this.snapshot.catch(() => {
        this.runtime = undefined;
      });
    }
    return this.snapshot;
  }
}
