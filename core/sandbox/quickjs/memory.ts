import { initialPages, pageBytes, type QuickJsModule } from "./build.ts";
import { type WasmMemory, webAssembly } from "./web-assembly.ts";

/** Where the heap begins in the build: behind 5 MiB of C stack, of which few pages are ever touched. */
const heapStart = 5_333_248;
/** How exactly `used` knows, in bytes. */
const precision = 16_384;

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
  private mayGrow = true;
  private exhausted = false;

  /** @param limit in bytes */
  constructor(limit: number) {
    this.limit = limit;
    this.pages = Math.max(initialPages, Math.ceil((heapStart + limit) / pageBytes));
    this.wasm = new webAssembly.Memory({ initial: initialPages, maximum: this.pages });
    const grow = this.wasm.grow.bind(this.wasm);
    this.wasm.grow = (pages) => {
      if (!this.mayGrow) throw new RangeError("Memory is not to grow now");
      this.exhausted = true;
      const previous = grow(pages);
      this.exhausted = false;
      return previous;
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

  /** Whether a quarter of the limit is still to be had, growth included. */
  hasReserve(module: QuickJsModule): boolean {
    const bytes = Math.floor(this.limit / 4);
    return this.pages * pageBytes - this.size >= bytes || this.canAllocate(module, bytes);
  }

  /** Bytes in use: all but the largest block that could be had without growth. */
  used(module: QuickJsModule): number {
    let free = 0;
    let tooMuch = this.size;
    while (tooMuch - free > precision) {
      const bytes = (free + tooMuch) >> 1;
      if (this.canAllocate(module, bytes)) free = bytes;
      else tooMuch = bytes;
    }
    return this.size - this.taken - free;
  }

  private get size(): number {
    return this.wasm.buffer.byteLength;
  }

  /** Whether there is such a block without growth. */
  private canAllocate(module: QuickJsModule, bytes: number): boolean {
    this.mayGrow = false;
    const block = module._malloc(bytes);
    this.mayGrow = true;
    if (block === 0) return false;
    module._free(block);
    return true;
  }
}
