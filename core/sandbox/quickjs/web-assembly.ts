/** The part of the WebAssembly API that is used here; the types of Node do not have it. */

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  /** @throws RangeError beyond the maximum */
  grow(pages: number): number;
}

export interface WasmModule {
  readonly [Symbol.toStringTag]: "WebAssembly.Module";
}

export interface WasmInstance {
  readonly exports: object;
}

interface WasmApi {
  readonly Memory: new (options: { readonly initial: number; readonly maximum: number }) => WasmMemory;
  readonly Instance: new (module: WasmModule, imports: object) => WasmInstance;
  compile(bytes: Uint8Array): Promise<WasmModule>;
}

export const webAssembly = (globalThis as unknown as { readonly WebAssembly: WasmApi }).WebAssembly;
