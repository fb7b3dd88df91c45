import { initialPages, type Pointer, pageBytes, type QuickJsModule } from "./build.ts";
import { type WasmMemory, webAssembly } from "./web-assembly.ts";

/** Where the heap begins in the build: behind 5 MiB of C stack, of which few pages are ever touched. */
const heapStart = 5_333_248;

/**
 * A WebAssembly memory whose heap has a limit, and that remembers when the limit was in the way.
 * QuickJS's own limit is of no use here: this build cannot tell the size of a block, so texts and
 * typed arrays would not count.
 */
export class CappedMemory {
  readonly wasm: WasmMemory;
  private readonly limit: number;
  private readonly pages: number;
  /** Bytes at the beginning that are not the guest's. */
  private taken = heapStart;
  private isProbing = false;
  private exhausted = false;

  /** @param limit in bytes */
  constructor(limit: number) {
    this.limit = limit;
    this.pages = Math.max(initialPages, Math.ceil((heapStart + limit) / pageBytes));
    // All of it at once: what is not touched takes no real memory, and growing takes seconds where V8 has to look
    // for room, or collects the garbage of the whole process before it refuses.
    this.wasm = new webAssembly.Memory({ initial: this.pages, maximum: this.pages });
    this.wasm.grow = () => {
      this.exhausted = !this.isProbing;
      throw new RangeError("Out of memory");
    };
  }

  /** Whether the last attempt to grow failed: the guest asked for more than its limit. */
  get isExhausted(): boolean {
    return this.exhausted;
  }

  /** Takes away what there is beyond the limit from the beginning, in a block that nobody touches. */
  takeExcess(module: QuickJsModule): void {
    const excess = this.pages * pageBytes - heapStart - this.limit;
    if (excess < pageBytes) return;
    module._malloc(excess);
    this.taken += excess;
  }

  /** Whether a quarter of the limit is still to be had. */
  hasReserve(module: QuickJsModule): boolean {
    const notGrown = this.pages * pageBytes - this.wasm.buffer.byteLength;
    return notGrown >= this.reserve || this.findReserve(module) !== 0;
  }

  /** Bytes in use, roughly: all that lies before the first quarter of the limit that is free. */
  used(module: QuickJsModule): number {
    const end = this.findReserve(module) || this.pages * pageBytes;
    return end - this.taken;
  }

  private get reserve(): number {
    return Math.floor(this.limit / 4);
  }

  /**
   * Where a quarter of the limit is free, or 0. The memory may grow for that, which takes no real
   * memory: nobody touches it.
   */
  private findReserve(module: QuickJsModule): Pointer {
    this.isProbing = true;
    const block = module._malloc(this.reserve);
    this.isProbing = false;
    if (block !== 0) module._free(block);
    return block;
  }
}
