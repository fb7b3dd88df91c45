/** Where things are in the integers that the host and the watching isolate share. */
export const watchCells = {
  /** Number of commands that the host has given; changing it wakes the watching thread. */
  commands: 0,
  /** 1 when the last command was carried out and no watch follows. */
  stopped: 1,
  /** Where the cells of the first guest begin, and how many each guest has. */
  first: 16,
  stride: 4,
  /** Of each guest: its entries and exits, so it is odd while the host is inside. */
  entry: 0,
  /** Of each guest: ms that one message may take. */
  budget: 1,
  /** Of each guest: 1 when the watchdog has ended it. */
  ended: 2,
} as const;

/** How often the watching thread looks while guests are entered, and while none is, in ms. */
const busyTick = 25;
const idleTick = 100;
/** The shortest time it sleeps when a budget is about to end, in ms. */
const shortestTick = 5;

/**
 * Body of a function that runs in the watching isolate, with the shared integers as `$0`.
 *
 * Time is counted in what the thread slept, never read from a clock: a tick counts for as much as was
 * asked for, however late it comes. So a process that was stopped, or that the machine gave no time, does
 * not find its guests ended when it goes on.
 *
 * `watch` returns when there is a command; the command is the next task in the isolate's queue, and after it
 * the next `watch`. The host queues both before it enters a guest again, so there is no moment without
 * a watch in which a guest could hold the host's thread for ever.
 */
export const watchScript = `"use strict";
const cells = $0;
const { commands, stopped, first, stride, entry, budget, ended } = ${JSON.stringify(watchCells)};
const guests = new Map();
let handled = 0;

function end(slot, guest) {
  guests.delete(slot);
  Atomics.store(cells, guest.at + ended, 1);
  try {
    guest.isolate.dispose();
  } catch {
    Atomics.store(cells, guest.at + ended, 0);
  }
}

/** Looks at every guest after a sleep of some ms; returns how long to sleep now. */
function look(slept) {
  let next = ${idleTick};
  for (const [slot, guest] of guests) {
    const entered = Atomics.load(cells, guest.at + entry);
    const progress = Atomics.load(guest.progress, 0);
    const isInside = (entered & 1) === 1;
    if (entered !== guest.entered || progress !== guest.seen) {
      guest.entered = entered;
      guest.seen = progress;
      guest.age = 0;
      next = Math.min(next, ${busyTick});
    } else if (isInside) {
      guest.age += slept;
    }
    if (!isInside) continue;
    const left = Atomics.load(cells, guest.at + budget) - guest.age;
    if (left <= 0) end(slot, guest);
    else next = Math.min(next, ${busyTick}, Math.max(left, ${shortestTick}));
  }
  return next;
}

return {
  add(slot, isolate, progress) {
    handled++;
    guests.set(slot, { at: first + slot * stride, isolate, progress, entered: 0, seen: 0, age: 0 });
  },
  remove(slot) {
    handled++;
    guests.delete(slot);
  },
  stop() {
    handled++;
    guests.clear();
    Atomics.store(cells, stopped, 1);
    Atomics.notify(cells, stopped);
  },
  watch() {
    let tick = ${busyTick};
    while (Atomics.wait(cells, commands, handled, tick) === "timed-out") tick = look(tick);
  },
};
`;
