import type { GuestScript } from "../../core/sandbox/engine.ts";

/**
 * A runtime that gives itself up: the plugin finds the host function as `hostCall`, and while it has set
 * `takeOver` that function answers the host in place of the runtime. Whatever guest code could come to by
 * changing the runtime's ground (prototypes, getters, a flaw in it), it has no more than this.
 */
export function seizedRuntime({ code, name }: GuestScript): GuestScript {
  return {
    name,
    code: `((start) => (host, realm, progress) => {
      globalThis.hostCall = host;
      globalThis.progressCells = progress;
      const entry = start(host, realm, progress);
      return {
        load: (plugin) => entry.load(plugin),
        dispatch(text, bytes) {
          const { takeOver } = globalThis;
          return takeOver === undefined ? entry.dispatch(text, bytes) : takeOver(text, bytes, (t, b) => entry.dispatch(t, b));
        },
      };
    })(${code.trim().replace(/;$/, "")}\n)`,
  };
}
