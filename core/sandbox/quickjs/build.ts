/**
 * The WebAssembly build of QuickJS: compiled once for the process, instantiated for every guest, so
 * that guests share machine code and nothing else.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { RELEASE_SYNC } from "quickjs-emscripten";
import { type WasmInstance, type WasmMemory, type WasmModule, webAssembly } from "./web-assembly.ts";

/** An address in the memory of an instance; 0 is none. */
export type Pointer = number;

/**
 * The C functions in use. A value is a pointer to a JSValue on the heap: whoever got it from a
 * function here frees it.
 */
export interface QuickJsFunctions {
  QTS_NewRuntime(): Pointer;
  QTS_RuntimeSetMaxStackSize(runtime: Pointer, bytes: number): void;
  QTS_RuntimeEnableInterruptHandler(runtime: Pointer): void;
  QTS_NewContext(runtime: Pointer, intrinsics: number): Pointer;
  QTS_GetUndefined(): Pointer;
  QTS_NewString(context: Pointer, utf8: Pointer): Pointer;
  QTS_GetString(context: Pointer, value: Pointer): Pointer;
  QTS_FreeCString(context: Pointer, utf8: Pointer): void;
  QTS_GetFloat64(context: Pointer, value: Pointer): number;
  /** Takes over the block at `bytes`. */
  QTS_NewArrayBuffer(context: Pointer, bytes: Pointer, length: number): Pointer;
  /** A copy that `_free` frees; 0 when the value is no ArrayBuffer. */
  QTS_GetArrayBuffer(context: Pointer, value: Pointer): Pointer;
  QTS_GetArrayBufferLength(context: Pointer, value: Pointer): number;
  QTS_GetProp(context: Pointer, value: Pointer, name: Pointer): Pointer;
  QTS_GetPropNumber(context: Pointer, value: Pointer, index: number): Pointer;
  QTS_NewFunction(
    context: Pointer,
    name: string,
    length: number,
    isConstructor: boolean,
    hostId: number,
  ): Pointer;
  QTS_ArgvGetJSValueConstPointer(argv: Pointer, index: number): Pointer;
  QTS_Eval(
    context: Pointer,
    utf8: Pointer,
    bytes: number,
    name: string,
    detectModule: number,
    flags: number,
  ): Pointer;
  QTS_Call(context: Pointer, callee: Pointer, self: Pointer, argc: number, argv: Pointer): Pointer;
  /** The error when `value` stands for an exception, else 0. */
  QTS_ResolveException(context: Pointer, value: Pointer): Pointer;
  QTS_IsJobPending(runtime: Pointer): number;
  /** How many jobs ran, or the error of the one that failed. */
  QTS_ExecutePendingJob(runtime: Pointer, most: number, lastContext: Pointer): Pointer;
  QTS_FreeValuePointer(context: Pointer, value: Pointer): void;
}

/** What QuickJS asks of the host. */
export interface QuickJsCallbacks {
  callFunction(asyncify: undefined, context: Pointer, self: Pointer, argc: number, argv: Pointer): Pointer;
  shouldInterrupt(asyncify: undefined, runtime: Pointer): 0 | 1;
  freeHostRef(): void;
  loadModuleSource(): Pointer;
  normalizeModule(): Pointer;
}

export interface QuickJsModule {
  callbacks: QuickJsCallbacks;
  /** The memory of the instance; another array after it has grown. */
  readonly HEAPU8: Uint8Array<ArrayBuffer>;
  _malloc(bytes: number): Pointer;
  _free(block: Pointer): void;
}

type QuickJsLoader = (options: object) => Promise<QuickJsModule>;

/** One instance of QuickJS and its C functions. */
export interface QuickJsInstance {
  readonly module: QuickJsModule;
  readonly functions: QuickJsFunctions;
}

/** Pages that the build asks for when it starts; a memory must begin with as many. */
export const initialPages = 256;
export const pageBytes = 65536;

const wasmFile = "@jitl/quickjs-wasmfile-release-sync/wasm";

let compiled: Promise<WasmModule> | undefined;

/**
 * Makes an instance over a memory of its own.
 *
 * @param memory begins with `initialPages`; its maximum bounds everything that the guest ever allocates
 */
export async function instantiate(memory: WasmMemory): Promise<QuickJsInstance> {
  compiled ??= compile();
  const wasm = await compiled;
  const load = (await RELEASE_SYNC.importModuleLoader()) as unknown as QuickJsLoader;
  const Functions = await RELEASE_SYNC.importFFI();
  const options = {
    wasmMemory: memory,
    instantiateWasm(imports: object, onInstance: (instance: WasmInstance) => void) {
      const instance = new webAssembly.Instance(wasm, imports);
      onInstance(instance);
      return instance.exports;
    },
    // An abort is told by the exception that it throws, not on the host's standard error.
    print: ignore,
    printErr: ignore,
  };
  const module = await load(options);
  return { module, functions: new Functions(module as never) as unknown as QuickJsFunctions };
}

async function compile(): Promise<WasmModule> {
  // The build is a dependency of quickjs-emscripten and need not lie where this file could see it.
  const quickJs = createRequire(createRequire(import.meta.url).resolve("quickjs-emscripten"));
  return webAssembly.compile(await readFile(quickJs.resolve(wasmFile)));
}

function ignore(): void {}
