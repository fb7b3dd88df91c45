import ivm from "isolated-vm";
import { onDisposed } from "./exit.ts";
import { watchCells, watchScript } from "./watchdog-guest.ts";

const { commands, stopped, first, stride, entry, budget, ended } = watchCells;
/** Guests that one watchdog can watch. */
const capacity = 4096;
/** How long the end of the watching thread is waited for, in ms. */
const longestStop = 500;

/**
 * Ends guests that stay inside one message longer than they may. An isolate on a thread of its own looks at
 * integers that the host writes around each entry; that costs the host two stores for each entry
 * (isolated-vm's own `timeout` costs more than the call it limits).
 *
 * The limit is on time inside the guest, host calls included, in steps of the watching thread's sleep: a
 * guest is ended one or two ticks (25 ms) after its budget, four where none was entered for a while. No clock in reach of the watching thread tells whether
 * the host's thread was given a processor; the watching thread has to get one itself for the last tick of the budget.
 *
 * The thread runs, and keeps the process alive, only while there are guests.
 *
 * @example
 * const watched = watchdog.watch(isolate, progress, 50);
 * watched.enter();
 * try { dispatch.applySync(undefined, [text]); } finally { watched.leave(); }
 */
export class Watchdog {
  private readonly cells = new Int32Array(new SharedArrayBuffer(4 * (first + capacity * stride)));
  private readonly free: number[] = [];
  private used = 0;
  private watched = 0;
  private readonly isolate: ivm.Isolate;
  private readonly add: ivm.Reference;
  private readonly remove: ivm.Reference;
  private readonly loop: ivm.Reference;
  private readonly stop: ivm.Reference;

  constructor() {
    this.isolate = new ivm.Isolate({ memoryLimit: 8 });
    const cells = new ivm.ExternalCopy(this.cells).copyInto();
    const functions = this.isolate
      .createContextSync()
      .evalClosureSync(watchScript, [cells], { result: { reference: true } });
    this.add = functions.getSync("add", { reference: true });
    this.remove = functions.getSync("remove", { reference: true });
    this.loop = functions.getSync("watch", { reference: true });
    this.stop = functions.getSync("stop", { reference: true });
  }

  /**
   * Watches a guest until `unwatch`.
   *
   * @param progress the integer that the guest counts its messages with, in shared memory of its own
   * @param budgetMs time that one message may take inside the guest
   */
  watch(isolate: ivm.Isolate, progress: Int32Array, budgetMs: number): WatchedGuest {
    const slot = this.free.pop() ?? this.used++;
    if (slot >= capacity) throw new Error(`Cannot watch more than ${capacity} guests`);
    const guest = new WatchedGuest(this.cells, slot, budgetMs);
    this.watched++;
    this.tell(this.add, [slot, isolate, new ivm.ExternalCopy(progress).copyInto()]);
    return guest;
  }

  /** Forgets a guest that was disposed. */
  unwatch(guest: WatchedGuest): void {
    onDisposed();
    this.watched--;
    this.free.push(guest.slot);
    this.tell(this.remove, [guest.slot]);
  }

  /**
   * Ends the watching thread. Returns when the thread has left the isolate, because a process that exits meanwhile can
   * crash; not later than after half a second, though.
   */
  close(): void {
    if (this.isolate.isDisposed) return;
    this.watched = 0;
    this.tell(this.stop, []);
    const hasStopped = Atomics.wait(this.cells, stopped, 0, longestStop) !== "timed-out";
    // A synchronous call waits for the lock that the thread holds until it has left.
    if (hasStopped) this.isolate.getHeapStatisticsSync();
    this.isolate.dispose();
    onDisposed();
  }

  /**
   * Makes the present watch return, and queues the command and the next watch. Counted first: a watch that
   * began before its command was counted would return at once, and no other would follow.
   */
  private tell(command: ivm.Reference, args: unknown[]): void {
    Atomics.add(this.cells, commands, 1);
    Atomics.notify(this.cells, commands);
    command.applyIgnored(undefined, args);
    if (this.watched > 0) this.loop.applyIgnored(undefined, []);
  }
}

/** A guest under watch. Not to be used after `unwatch`: its place belongs to another guest then. */
export class WatchedGuest {
  readonly slot: number;
  private readonly cells: Int32Array;
  private readonly at: number;

  constructor(cells: Int32Array, slot: number, budgetMs: number) {
    this.cells = cells;
    this.slot = slot;
    this.at = first + slot * stride;
    cells[this.at + entry] = 0;
    cells[this.at + ended] = 0;
    this.setBudget(budgetMs);
  }

  // Plain stores on the hot path: the watching thread may see them late, never wrong.

  enter(): void {
    this.cells[this.at + entry]!++;
  }

  leave(): void {
    this.cells[this.at + entry]!++;
  }

  get isInside(): boolean {
    return (this.cells[this.at + entry]! & 1) === 1;
  }

  /** Whether the watchdog has ended this guest. */
  get wasEnded(): boolean {
    return Atomics.load(this.cells, this.at + ended) === 1;
  }

  setBudget(ms: number): void {
    this.cells[this.at + budget] = Math.max(1, Math.ceil(ms));
  }
}
