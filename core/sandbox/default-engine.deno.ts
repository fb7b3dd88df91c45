import type { EngineName } from "./engine.ts";

/** Deno loads no native addon of Node's V8. */
export const defaultEngine: EngineName = "quickjs";
