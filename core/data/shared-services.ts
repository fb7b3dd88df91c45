import type { SharedServices } from "../policy/guest-services.ts";
import { systemClock } from "../sandbox/host/basic.ts";
import { MemoryKeyValues } from "../store/memory-key-values.ts";

/** What the guests of one reactor share. */
export function sharedServices(): SharedServices {
  return {
    clock: systemClock,
    store: new MemoryKeyValues(),
    environment: (names) =>
      Object.fromEntries(
        names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
      ),
    outbound: null,
    metrics: { add() {} },
  };
}
