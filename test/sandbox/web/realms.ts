/** Runs one file of checks in every kind of realm that guests live in. */
import { join } from "node:path";
import { runInThisContext } from "node:vm";
import { build } from "esbuild";
import { newQuickJSWASMModule } from "quickjs-emscripten";
import t from "tap";
import { urlParse, urlSet } from "../../../core/sandbox/host/url.ts";
import { utf8Decode, utf8Encode } from "../../../core/sandbox/host/utf8.ts";
import { HostOp } from "../../../sdk/runtime/host-op.ts";
import type { Bridge, CheckResult } from "./guest-side.ts";

type Realm = (code: string, bridge: Bridge) => void | Promise<void>;
type HostFunction = (text: string, bytes: Uint8Array | undefined) => string | Uint8Array;

const functions: Readonly<Record<number, HostFunction>> = {
  [HostOp.urlParse]: urlParse,
  [HostOp.urlSet]: urlSet,
  [HostOp.utf8Encode]: utf8Encode,
  [HostOp.utf8Decode]: utf8Decode,
};

const realms: Readonly<Record<string, Realm>> = {
  "the host's realm": async (code, bridge) => {
    (runInThisContext(code, { filename: "sluice:runtime" }) as (bridge: Bridge) => void)(bridge);
    // Checks need no time: whatever they wait for is a matter of turns.
    await new Promise((resolve) => setTimeout(resolve, 50));
  },
  QuickJS: async (code, bridge) => {
    // A module of its own, and never disposed: freeing a heap after its garbage was collected under an
    // async function fails an assertion of QuickJS.
    const quickjs = (await newQuickJSWASMModule()).newContext();
    const call = quickjs.newFunction("bridge", (text) => quickjs.newString(bridge(quickjs.getString(text))));
    const run = quickjs.unwrapResult(quickjs.evalCode(code, "sluice:runtime"));
    quickjs.unwrapResult(quickjs.callFunction(run, quickjs.undefined, call)).dispose();
    quickjs.unwrapResult(quickjs.runtime.executePendingJobs());
  },
};

/** @param file name of a file beside this one that exports `checks` */
export async function runInRealms(file: string): Promise<void> {
  const code = await bundle(file);
  for (const [name, realm] of Object.entries(realms)) {
    const results = await resultsOf(realm, code);
    t.test(`in ${name}`, async (t) => {
      t.ok(results.length > 0, "the checks came to their end");
      for (const { title, error } of results) t.equal(error, null, title);
    });
  }
}

async function resultsOf(realm: Realm, code: string): Promise<readonly CheckResult[]> {
  let results: readonly CheckResult[] = [];
  await realm(code, (text) => {
    const call = JSON.parse(text) as {
      op: number;
      text: string;
      bytes: number[] | null;
      results?: CheckResult[];
    };
    if (call.results === undefined) return answer(call.op, call.text, call.bytes);
    results = call.results;
    return "";
  });
  return results;
}

function answer(op: number, text: string, bytes: number[] | null): string {
  try {
    const result = functions[op]!(text, bytes === null ? undefined : Uint8Array.from(bytes));
    return JSON.stringify(typeof result === "string" ? { text: `=${result}` } : { bytes: [...result] });
  } catch (error) {
    const { name, message } = error as Error;
    return JSON.stringify({ text: `!${name}:${message}` });
  }
}

async function bundle(file: string): Promise<string> {
  const entry = `
    import { checks } from "./${file}";
    import { runChecks } from "./guest-side.ts";
    export const run = (bridge) => { runChecks(bridge, checks); };
  `;
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: join(import.meta.dirname), loader: "ts" },
    bundle: true,
    write: false,
    format: "iife",
    globalName: "suite",
    target: "es2024",
    platform: "neutral",
  });
  return `(() => { ${outputFiles[0]!.text}; return suite.run; })()`;
}
