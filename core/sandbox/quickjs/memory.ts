import { initialPages, pageBytes } from "./build.ts";
import { type WasmMemory, webAssembly } from "./web-assembly.ts";

/**
 * A WebAssembly memory with a limit, that remembers when the limit was in the way. QuickJS's own
 * limit is of no use here: this build cannot tell the size of a block, so strings and typed arrays
 * would not count.
 */
export interface CappedMemory {
  readonly memory: WasmMemory;
  /** Bytes to allocate and never use, so that a limit below the initial size holds too. */
  readonly ballast: number;
  /** Whether the last attempt to grow failed: the guest asked for more than its limit. */
  isExhausted(): boolean;
}

/**
 * @param limit in bytes
 */
export function createCappedMemory(limit: number): CappedMemory {
  const pages = Math.max(1, Math.ceil(limit / pageBytes));
  const memory = new webAssembly.Memory({ initial: initialPages, maximum: Math.max(pages, initialPages) });
  let exhausted = false;
  const grow = memory.grow.bind(memory);
  memory.grow = (delta) => {
    exhausted = true;
    const previous = grow(delta);
    exhausted = false;
    return previous;
  };
  return {
    memory,
    ballast: Math.max(0, initialPages - pages) * pageBytes,
    isExhausted: () => exhausted,
  };
}
