import type { PolicySetup } from "./message.ts";

type Handler = (...args: unknown[]) => unknown;

/** The object that a plugin's module exports by default, as far as the runtime uses it. */
export interface Definition {
  readonly name?: unknown;
  readonly description?: unknown;
  readonly config?: unknown;
  readonly capabilities?: unknown;
  readonly limits?: unknown;
  readonly onFailure?: unknown;
  readonly state?: unknown;
  readonly setup?: Handler;
  readonly discover?: Handler;
  readonly teardown?: Handler;
  readonly onRequest?: Handler;
  readonly onRequestBody?: Handler;
  readonly onUpstream?: Handler;
  readonly onResponse?: Handler;
  readonly onResponseBody?: Handler;
  readonly onLog?: Handler;
}

/** A plugin with one config. */
export class Instance {
  readonly definition: Definition;
  readonly setup: PolicySetup;
  readonly config: unknown;

  constructor(definition: Definition, setup: PolicySetup) {
    this.definition = definition;
    this.setup = setup;
    this.config = deepFreeze(setup.config);
  }

  /** The `ctx.state` of a new exchange. */
  makeState(): object {
    const { state } = this.definition;
    return typeof state === "function" ? (state as () => object)() : {};
  }
}

/** The instances of this guest, by number. */
export const instances: Instance[] = [];

/** All requests share one config: what one of them wrote there would show in the others. */
function deepFreeze(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
