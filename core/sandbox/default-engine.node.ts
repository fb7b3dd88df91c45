import type { EngineName } from "./engine.ts";

/** Isolates of V8: the speed of its JIT. */
export const defaultEngine: EngineName = "isolated-vm";
