import type { Pointer, QuickJsInstance } from "./build.ts";
import { findPollCounter, firstPolls } from "./polls.ts";

/**
 * Bytes of stack for guest code, on the C stack in its memory: some 360 calls. QuickJS does not see that of the host, 984 KiB in V8 on a
 * main thread and in Deno: a guest that came to its end is lost, and whoever is called from there fails half-way. A call takes 2.3 bytes
 * of it for one of these, but the writing of nested JSON and a chain of proxies take 13, and are there at 76 KiB.
 */
const stackBytes = 65_536;

/** Texts whose UTF-8 may need no more than this use one block again and again, in bytes. */
export const scratchBytes = 65_536;
/** Arguments of a call to the guest, at most. */
export const mostArguments = 3;
/** Bytes of the progress counter. */
export const counterBytes = 4;
/** Bytes of the state of Math.random. */
export const seedBytes = 16;

/** Where in the memory of an instance the things lie that the host uses. */
export interface Layout {
  readonly runtime: Pointer;
  readonly context: Pointer;
  readonly scratch: Pointer;
  readonly argv: Pointer;
  readonly lastContext: Pointer;
  readonly counter: Pointer;
  readonly seed: Pointer;
  /** Counts down to the next question whether to go on. */
  readonly polls: Pointer;
  /** The guest's `JSON.parse`, as it was before any guest code ran. */
  readonly parseJson: Pointer;
}

/** Makes a runtime with one realm, and room for what the host exchanges with it. */
export function layOut(instance: QuickJsInstance): Layout {
  const { module, functions } = instance;
  const runtime = functions.QTS_NewRuntime();
  functions.QTS_RuntimeSetMaxStackSize(runtime, stackBytes);
  const context = functions.QTS_NewContext(runtime, 0);
  const scratch = module._malloc(scratchBytes);
  const layout = {
    runtime,
    context,
    scratch,
    argv: module._malloc(4 * mostArguments),
    lastContext: module._malloc(4),
    counter: module._malloc(counterBytes),
    seed: module._malloc(seedBytes),
  };
  module.HEAPU8.fill(0, layout.counter, layout.counter + counterBytes);
  module.HEAPU8.fill(1, layout.seed, layout.seed + seedBytes);
  const run = (code: string) => {
    const source = Buffer.from(`${code}\0`);
    module.HEAPU8.set(source, scratch);
    return functions.QTS_Eval(context, scratch, source.length - 1, "prelude", 0, 0);
  };
  const parseJson = run("JSON.parse");
  const polls = findPollCounter(instance, context, (code) =>
    functions.QTS_FreeValuePointer(context, run(code)),
  );
  new Int32Array(module.HEAPU8.buffer, polls, 1)[0] = firstPolls;
  functions.QTS_RuntimeEnableInterruptHandler(runtime);
  return { ...layout, parseJson, polls };
}
