/** The engines of this process, each loaded when the first plugin wants it. */
import { defaultEngine } from "#default-engine";
import type { Engine, EngineName } from "./engine.ts";

const loaders: Readonly<Record<EngineName, () => Promise<Engine>>> = {
  "isolated-vm": async () => (await import("./isolated-vm/engine.ts")).createIsolatedVmEngine(),
  quickjs: async () => (await import("./quickjs/engine.ts")).createQuickJsEngine(),
  inline: async () => (await import("./inline/engine.ts")).createInlineEngine(),
};

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
