/** The guest runtime's crypto in an engine that has ECMAScript and nothing else. */
import { build } from "esbuild";
import { getQuickJS, type QuickJSContext, Scope } from "quickjs-emscripten";
import t from "tap";
import { connect } from "./host.ts";

/** What a plugin would do; the value is a text for comparison. */
const program = `(async () => {
  const bytes = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));
  const hex = (buffer) => Array.from(new Uint8Array(buffer), (b) => (b + 256).toString(16).slice(1)).join("");
  const { subtle } = crypto;
  const key = await subtle.importKey("raw", bytes("Jefe"), { name: "hmac", hash: "sha-256" }, false, ["sign"]);
  const mac = hex(await subtle.sign("HMAC", key, bytes("what do ya want for nothing?")));
  const digest = hex(await subtle.digest("SHA-1", bytes("abc")));
  const uuid = crypto.randomUUID().length;
  const random = crypto.getRandomValues(new Uint8Array(100)).some((byte) => byte !== 0);
  const failures = [];
  for (const forged of [Object.create(Object.getPrototypeOf(key)), {}]) {
    await subtle.sign("HMAC", forged, bytes("x")).catch((error) => failures.push(error.name));
  }
  await subtle.importKey("raw", bytes("x"), { name: "HMAC", hash: "SHA-1" }, true, []).catch((error) => {
    failures.push(error.name + " " + error.constructor.name);
  });
  result = JSON.stringify({ mac, digest, uuid, random, failures, type: String(key) });
})().catch((error) => { result = String(error) + error.stack; })`;

const expected = {
  mac: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  digest: "a9993e364706816aba3e25717850c26c9cd0d89d",
  uuid: 36,
  random: true,
  failures: ["InvalidAccessError", "TypeError", "SyntaxError DOMException"],
  type: "[object CryptoKey]",
};

async function bundle(): Promise<string> {
  const contents = `
    import { crypto } from "./crypto/crypto.ts";
    import { bindErrors, bindHost } from "./host.ts";
    import { makeHostError } from "./host-error.ts";
    bindErrors(makeHostError);
    export { bindHost, crypto };`;
  const resolveDir = new URL("../../../sdk/runtime", import.meta.url).pathname;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir, loader: "ts" },
    ...{
      bundle: true,
      write: false,
      format: "iife",
      globalName: "runtime",
      target: "es2024",
      logLevel: "silent",
    },
  });
  return outputFiles[0]!.text;
}

t.test("crypto needs ECMAScript alone: it runs in QuickJS", async (t) => {
  const code = await bundle();
  const context = (await getQuickJS()).newContext();
  t.teardown(() => context.dispose());
  giveHost(context);
  const run = (text: string) => context.unwrapResult(context.evalCode(text)).dispose();
  run(`${code}; runtime.bindHost(host); var result = "nothing"; var { crypto } = runtime;`);
  run(program);
  context.unwrapResult(context.runtime.executePendingJobs());
  t.same(JSON.parse(context.getProp(context.global, "result").consume(context.getString)), expected);
});

/** Gives the context a host of its own, as an engine would: text and bytes go over as copies. */
function giveHost(context: QuickJSContext): void {
  const { call } = connect(() => {});
  const host = context.newFunction("host", (op, id, text, bytes) => {
    const isBytes = context.typeof(bytes) === "object";
    const data = isBytes ? bytesOf(context, bytes) : undefined;
    const answer = call(context.getNumber(op), context.getNumber(id), context.getString(text), data);
    if (answer === undefined) return context.undefined;
    if (typeof answer === "string") return context.newString(answer);
    return Scope.withScope((scope) => {
      const buffer = scope.manage(context.newArrayBuffer(answer.slice().buffer as ArrayBuffer));
      const view = scope.manage(context.unwrapResult(context.evalCode("(buffer) => new Uint8Array(buffer)")));
      return context.unwrapResult(context.callFunction(view, context.undefined, buffer));
    });
  });
  context.setProp(context.global, "host", host);
  host.dispose();
}

function bytesOf(context: QuickJSContext, view: Parameters<QuickJSContext["getProp"]>[0]): Uint8Array {
  const buffer = context.getProp(view, "buffer");
  return buffer.consume((handle) => context.getArrayBuffer(handle).consume(({ value }) => value.slice()));
}
