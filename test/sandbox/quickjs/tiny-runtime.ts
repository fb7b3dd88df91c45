import type { GuestFault, GuestOptions, GuestScript, HostCall } from "../../../core/sandbox/engine.ts";

/**
 * The least that a runtime does: one handler `(text, bytes) => text`, host calls, and the text of
 * what the handler throws. Its plugins are functions of `{ host, later, realm, nextMessage }`.
 */
export const tinyRuntime: GuestScript = {
  name: "runtime.js",
  code: `(function (host, realm, progress) {
    let handle;
    const tell = (error) => "threw " + error.name + ": " + error.message;
    const globals = {
      realm,
      host(text, bytes) { return host(7, 3, text, bytes); },
      later(text) { host(1, 0, text, undefined); },
      nextMessage() { progress[0]++; },
    };
    return {
      load(plugin) {
        try { handle = plugin(globals); return ""; } catch (error) { return tell(error); }
      },
      dispatch(text, bytes) {
        progress[0]++;
        try { return handle(text, bytes); } catch (error) { return tell(error); }
      },
    };
  })`,
};

export interface TinyGuest {
  readonly host?: HostCall;
  readonly cpuMs?: number;
  /** MiB. */
  readonly memory?: number;
}

/** Options of a guest whose plugin is this text: `(globals) => (text, bytes) => text`. */
export function tinyOptions(code: string, { host, cpuMs = 50, memory = 32 }: TinyGuest = {}): GuestOptions {
  return {
    name: "tiny",
    runtime: tinyRuntime,
    plugin: { name: "plugin.js", code },
    limits: { cpuMs, memoryBytes: memory * 1_048_576 },
    host: host ?? (() => "="),
  };
}

/** The kind of the fault that `run` ends with, or `none`. */
export async function faultOf(run: () => unknown): Promise<GuestFault["kind"] | "none"> {
  try {
    await run();
    return "none";
  } catch (error) {
    if ((error as Error).name !== "GuestFault") throw error;
    return (error as GuestFault).kind;
  }
}
