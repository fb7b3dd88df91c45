import { initialPages, pageBytes, type QuickJsModule } from "./build.ts";
import { type WasmMemory, webAssembly } from "./web-assembly.ts";

/**
 * A WebAssembly memory with a limit, that remembers when the limit was in the way. QuickJS's own
 * limit is of no use here: this build cannot tell the size of a block, so strings and typed arrays
 * would not count.
 */
export class CappedMemory {
  readonly wasm: WasmMemory;
  private readonly pages: number;
  private mayGrow = true;
  private exhausted = false;

  /** @param limit in bytes */
  constructor(limit: number) {
    this.pages = Math.max(1, Math.ceil(limit / pageBytes));
    this.wasm = new webAssembly.Memory({
      initial: initialPages,
      maximum: Math.max(this.pages, initialPages),
    });
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

  /** Takes away what the initial memory has beyond the limit, in a block that nobody ever touches. */
  takeExcess(module: QuickJsModule): void {
    const excess = initialPages - this.pages;
    if (excess > 0) module._malloc(excess * pageBytes);
  }

  /** Whether a quarter of the limit is still to be had, growth included. */
  hasReserve(module: QuickJsModule): boolean {
    const bytes = Math.floor((this.pages * pageBytes) / 4);
    const free = (this.pages - this.wasm.buffer.byteLength / pageBytes) * pageBytes;
    if (free >= bytes) return true;
    this.mayGrow = false;
    const block = module._malloc(bytes);
    this.mayGrow = true;
    if (block === 0) return false;
    module._free(block);
    return true;
  }
}
