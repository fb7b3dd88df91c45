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
/** The shortest time that it sleeps or works when a budget is about to end, in ms. */
const shortestTick = 5;
/** How long it computes in the beginning, to learn how far it gets when its code is compiled, in ms. */
const learning = 5;

/**
 * Body of a function that runs in the watching isolate, with the shared integers as `$0`.
 *
 * Time is counted in what the thread slept, never read from a clock: a tick counts for as much as was
 * asked for, however late it comes. So a process that was stopped, or that the machine gave no time, does
 * not find its guests ended when it goes on.
 *
 * Who sleeps is not kept waiting where there are too few processors, and who computes is. So the thread does
 * not sleep through the last tick of a budget, it computes: what the machine gives to one thread it gives to the other. How
 * far it gets in a ms when nobody disturbs it, it learns on the way.
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
/** Steps of work in a ms, the most that were seen. */
let pace = 0;
let knowsPace = false;

function end(slot, guest) {
  guests.delete(slot);
  Atomics.store(cells, guest.at + ended, 1);
  try {
    guest.isolate.dispose();
  } catch {
    Atomics.store(cells, guest.at + ended, 0);
  }
}

/** Computes until the thread was given so many ms for it; returns false when the guest went on before, or a command came. */
function outlasts(guest, ms) {
  let given = 0;
  let steps = 0;
  let at = Date.now();
  // Its first ms is not seen from the beginning.
  let isWhole = false;
  while (isStill(guest) && Atomics.load(cells, commands) === handled) {
    for (let i = 0, x = 1; i < 1000; i++) x = (x * 69069 + i) | 0;
    steps++;
    const passed = Date.now() - at;
    if (passed === 0) continue;
    if (isWhole && passed === 1) pace = Math.max(pace, steps);
    if (pace > 0) given += Math.min(steps / pace, passed);
    if (given >= ms) return true;
    isWhole = true;
    steps = 0;
    at += passed;
  }
  return false;
}

/** Whether it is in the message that it was in; there need not be a guest. */
function isStill(guest) {
  if (guest === null) return true;
  return Atomics.load(cells, guest.at + entry) === guest.entered && Atomics.load(guest.progress, 0) === guest.seen;
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
    const left = Math.max(Atomics.load(cells, guest.at + budget) - guest.age, ${shortestTick});
    if (guest.age === 0 || left > ${busyTick}) next = Math.min(next, ${busyTick}, left);
    else if (outlasts(guest, left)) end(slot, guest);
    else next = 0;
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
    if (!knowsPace) knowsPace = outlasts(null, ${learning});
    let tick = ${busyTick};
    while (Atomics.wait(cells, commands, handled, tick) === "timed-out") tick = look(tick);
  },
};
`;
