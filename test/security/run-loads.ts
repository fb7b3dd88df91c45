import type { Test } from "tap";
import { PluginLoadError } from "../../core/policy/load-error.ts";
import type { EngineName } from "../../core/sandbox/engine.ts";
import { startHostileGateway } from "./hostile-gateway.ts";
import type { HostileLoad } from "./loads.ts";
import { runDelay } from "./run-delay.ts";

/** Nobody connects to it. */
const nowhere = { host: "127.0.0.1", port: 1 };
/** ms that a load may take: what the top level and a setup have, the compiler, and what a busy machine takes. */
const longest = 2000;
/** ms for which a load may hold up everybody who is served meanwhile. */
const longestPause = 700;

/** Loads each plugin; what it is refused with is its error and nobody else's. */
export async function runLoads(t: Test, engine: EngineName, loads: readonly HostileLoad[]): Promise<void> {
  for (const { title, plugin, config, refused } of loads) {
    await t.test(`${title} is ${refused === null ? "harmless" : "refused"}`, async (t) => {
      const began = performance.now() - runDelay();
      const pauses = watchPauses();
      const error = await startHostileGateway(t, nowhere, { engine, attack: plugin, config }).then(
        () => null,
        (error: unknown) => error,
      );
      const pause = pauses.end();
      t.ok(pause < longestPause, `others waited ${pause.toFixed()} ms`);
      const took = performance.now() - runDelay() - began;
      t.ok(took < longest, `in ${took.toFixed()} ms`);
      t.notOk("polluted" in {}, "nothing is left on prototypes of the host");
      if (refused === null) {
        t.equal(error, null);
        return;
      }
      t.ok(error instanceof PluginLoadError, String(error));
      t.match((error as Error | null)?.message, refused);
    });
  }
}

/** Measures the longest time for which the event loop stood still, in ms, without `runDelay`. */
function watchPauses(): { end(): number } {
  let longest = 0;
  let last = performance.now() - runDelay();
  const look = () => {
    const now = performance.now() - runDelay();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(look, 1);
  return {
    end() {
      clearInterval(timer);
      look();
      return longest;
    },
  };
}
