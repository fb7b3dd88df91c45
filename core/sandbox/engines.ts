/** The engines of this process, each loaded when the first plugin wants it. */
import { defaultEngine } from "#default-engine";
import type { Engine, EngineName } from "./engine.ts";

const loaders: Readonly<Record<EngineName, () => Promise<Engine>>> = {
  "isolated-vm": async () => (await addon()).createIsolatedVmEngine(),
  quickjs: async () => (await import("./quickjs/engine.ts")).createQuickJsEngine(),
  inline: async () => (await import("./inline/engine.ts")).createInlineEngine(),
};

/** Whoever asks for it on another runtime would read of files that were looked for. */
async function addon() {
  try {
    return await import("./isolated-vm/engine.ts");
  } catch (cause) {
    throw new Error("Cannot use the engine isolated-vm: it is an addon of Node; use quickjs here", { cause });
  }
}

const engines = new Map<EngineName, Promise<Engine>>();

/** @param name null: the default of this runtime */
export function engineFor(name: EngineName | null): Promise<Engine> {
  const chosen = name ?? defaultEngine;
  let engine = engines.get(chosen);
  if (engine === undefined) {
    engine = loaders[chosen]();
    engines.set(chosen, engine);
  }
  return engine;
}
