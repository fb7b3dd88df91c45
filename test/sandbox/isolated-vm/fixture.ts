import type { Test } from "tap";
import type { Guest, GuestLimits, GuestScript, HostCall } from "../../../core/sandbox/engine.ts";
import { GuestFault } from "../../../core/sandbox/engine.ts";
import { createIsolatedVmEngine } from "../../../core/sandbox/isolated-vm/engine.ts";

/**
 * A runtime of a few lines: each line of the text is a message for the plugin's `handle`, and the reply is
 * what the last returned. The plugin finds `call(op, text, bytes)` among its globals.
 */
const runtime: GuestScript = {
  name: "runtime.js",
  code: `(function (host, realm, progress) {
    "use strict";
    let plugin;
    return {
      load(define) {
        try {
          plugin = define({ call: (op, text, bytes) => host(op, 0, text, bytes) });
          return "";
        } catch (error) {
          return "failed: " + error;
        }
      },
      dispatch(text, bytes) {
        let reply;
        for (const message of text.split("\\n")) {
          progress[0]++;
          try {
            reply = String(plugin.handle(message, bytes));
          } catch (error) {
            reply = "threw " + error;
          }
        }
        return reply;
      },
    };
  })`,
};

const defaultLimits: GuestLimits = { cpuMs: 200, memoryBytes: 32 * 2 ** 20 };

export interface GuestParts {
  readonly limits?: Partial<GuestLimits>;
  readonly host?: HostCall;
  readonly runtime?: GuestScript;
}

/** An engine that ends with the test, and guests in it. */
export function startEngine(t: Test) {
  const engine = createIsolatedVmEngine();
  t.teardown(() => engine.close());
  const load = (body: string, parts: GuestParts = {}): Promise<Guest> =>
    engine.create({
      name: "sample",
      runtime: parts.runtime ?? runtime,
      plugin: { name: "plugin.js", code: `(({ call }) => { ${body} })` },
      limits: { ...defaultLimits, ...parts.limits },
      host: parts.host ?? (() => "="),
    });
  return {
    engine,
    /** A guest whose plugin is what this body of a function returns. */
    load,
    /** A guest whose plugin answers a message with this body of a function of `text` and `bytes`. */
    handler: (body: string, parts: GuestParts = {}): Promise<Guest> =>
      load(`return { handle(text, bytes) { ${body} } }`, parts),
  };
}

/** The fault that the guest is lost with; null when it is not. */
export function faultOf(run: () => unknown): GuestFault | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof GuestFault) return error;
    throw error;
  }
}

/** Arguments of a process with one guest: it answers `loop` never, and a number when it has counted that far. */
export const program = (rest: string, cpuMs = 400) => [
  "--no-node-snapshot",
  "--input-type=module-typescript",
  "--eval",
  `import { startEngine } from "./test/sandbox/isolated-vm/fixture.ts";
   const { engine, handler } = startEngine({ teardown() {} } as never);
   const guest = await handler("if (text === 'loop') while (true); for (let n = 0; n < Number(text); n++) Math.sqrt(n); return text", { limits: { cpuMs: ${cpuMs} } });
   guest.dispatch("x");
   ${rest}`,
];
