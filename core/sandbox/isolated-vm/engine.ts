import { setFlagsFromString } from "node:v8";
import type { Engine, GuestOptions } from "../engine.ts";
import { closeAtExit } from "./exit.ts";
import { IsolatedVmGuest } from "./guest.ts";
import { Watchdog } from "./watchdog.ts";

/**
 * Stack of a guest, in KiB. V8 sets the limit anew at each entry, and the host's own (984 KiB) was set
 * at start; a guest with as much would call the host where no stack is left, and end host code half-way.
 */
const guestStack = 400;

/**
 * Guests that are V8 isolates of this process: speed of the JIT, limits of time and memory.
 *
 * Code that means to can abort the process (`new Array(1e9).fill(0)`) or hold its thread for good
 * (a promise rejected with an object whose `message` and `stack` are getters that loop: isolated-vm reads both,
 * and V8 ends only the first). What started the process has to see that and start it again. Texts of such a reason are
 * copied whatever their length, up to 512 MiB each; the guest that rejects with more than it may give out is lost then.
 * Node has to run with `--no-node-snapshot`, as isolated-vm asks.
 *
 * `close` disposes of all guests and ends the watching thread. While there are guests that thread keeps
 * the process alive.
 *
 * @example
 * const engine = createIsolatedVmEngine();
 * const guest = await engine.create({ name: "tenant", runtime, plugin, limits, host });
 * const reply = guest.dispatch(messages);
 * engine.close();
 */
export function createIsolatedVmEngine(): Engine & { close(): void } {
  setFlagsFromString(`--stack-size=${guestStack}`);
  const watchdog = new Watchdog();
  const guests = new Set<IsolatedVmGuest>();
  let isClosed = false;

  const close = () => {
    if (isClosed) return;
    isClosed = true;
    forget();
    for (const guest of guests) guest.dispose();
    watchdog.close();
  };
  const forget = closeAtExit(close);

  return {
    name: "isolated-vm",
    async create(options: GuestOptions) {
      if (isClosed) throw new Error(`Cannot create guest ${options.name}: the engine is closed`);
      const guest = new IsolatedVmGuest(options, watchdog, () => guests.delete(guest));
      guests.add(guest);
      guest.load();
      return guest;
    },
    close,
  };
}
