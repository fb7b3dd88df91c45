/** What a fault came from: its cause, the errors inside of it, and values that are no errors. */
import t, { type Test } from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import type { EngineName } from "../../core/sandbox/engine.ts";
import { until } from "../net/until.ts";
import { onEachEngine } from "../support/each-engine.ts";
import { get } from "../support/gateway.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);

interface Fault {
  readonly message: string;
  readonly at: string | null;
  readonly stack: string;
}

/** What is told of an `onRequest` with this body; its text is line 3 of the author's file. */
async function faultOf(t: Test, engine: EngineName, body: string): Promise<Fault> {
  const upstream = await startUpstream(t, () => ok("upstream"));
  const text = `const inner = () => new TypeError("inner", { cause: { code: 7 } });
export default { async onRequest(request, ctx) {
${body}
} };`;
  const gateway = await startPolicyGateway(t, upstream.address, { engine, plugins: { "p.ts": text } });
  t.equal((await gateway.ask(get("/"))).status, 500);
  const told = () => gateway.log.entries.find(({ message }) => message === "Policy failed");
  await until(() => told() !== undefined);
  const { message } = gateway.gateway.generation.policies.report()[0]!.lastFault!;
  return { message: message!, ...(told()!.fields as Omit<Fault, "message">) };
}

onEachEngine("a cause is told with its stack, and in the message", async (t, engine) => {
  const fault = await faultOf(t, engine, 'throw new Error("outer", { cause: inner() });');
  t.equal(fault.message, "Error: outer (cause: TypeError: inner (cause: { code: 7 }))");
  t.match(
    fault.stack,
    /^Error: outer\n {4}at .*onRequest \(plugins\/p\.ts:3:\d+\)\n\[cause\]: TypeError: inner\n {4}at inner \(plugins\/p\.ts:1:\d+\)\n {4}at .*onRequest \(plugins\/p\.ts:3:\d+\)\n\[cause\]: \{ code: 7 \}$/,
  );
  t.match(fault.at, /^plugins\/p\.ts:3:/);
});

onEachEngine("the errors that Promise.any met are told, with the place of one", async (t, engine) => {
  const body = 'await Promise.any([Promise.reject(new Error("one")), Promise.reject(inner())]);';
  const fault = await faultOf(t, engine, body);
  t.match(
    fault.message,
    /^AggregateError: .*\(errors: Error: one, TypeError: inner \(cause: \{ code: 7 \}\)\)$/,
  );
  t.match(
    fault.stack,
    /\[errors\]: \[Error: one\n {4}at .*onRequest \(plugins\/p\.ts:3:\d+\), TypeError: inner\n/,
  );
  t.match(fault.at, /^plugins\/p\.ts:3:/);
  t.notMatch(fault.stack, /sluice:|isolated-vm|file:/);
});

onEachEngine("what is no error is told as console shows it", async (t, engine) => {
  for (const [value, told] of [
    ['{ a: 1, b: ["c"] }', 'Thrown: { a: 1, b: ["c"] }'],
    ["new Map([[1, 2]])", "Thrown: Map(1) { 1 => 2 }"],
    ['"text"', "Thrown: text"],
    ["null", "Thrown: null"],
    ['{ toString: () => "said" }', "Thrown: said"],
  ]) {
    t.equal((await faultOf(t, engine, `throw ${value};`)).message, `Error: ${told}`);
  }
});

onEachEngine(
  "attack: a hostile error is told in bounds, and no getter of it runs twice",
  async (t, engine) => {
    const chain = `let error = new Error("end"); for (let i = 0; i < 1e4; i++) error = new Error("e" + i, { cause: error }); error.cause.cause = error; throw error;`;
    const deep = await faultOf(t, engine, chain);
    t.ok(deep.message.length < 2000 && deep.stack.length < 40_000);
    const many = `throw new AggregateError(Array.from({ length: 1e4 }, () => new Error("x".repeat(1e3))), "many");`;
    const wide = await faultOf(t, engine, many);
    t.ok(wide.message.length < 2000 && wide.stack.length < 40_000);
    const traps = `let runs = 0; const trap = { get() { runs++; throw 1; } };
    const error = new Error("x");
    for (const key of ["cause", "errors"]) Object.defineProperty(error, key, trap);
    let names = 0; Object.defineProperty(error, "name", { get: () => "N" + ++names });
    setTimeout(() => console.log(runs + " " + names), 1); throw error;`;
    t.equal((await faultOf(t, engine, traps.replaceAll("\n", " "))).message, "N1: x");
    const proxies = `const bad = new Proxy({}, { getPrototypeOf() { throw 1; }, getOwnPropertyDescriptor() { throw 2; }, ownKeys() { throw 3; } });
    throw new AggregateError([bad, 1], "x", { cause: bad });`;
    const shown = "[an object that cannot be shown]";
    const { message } = await faultOf(t, engine, proxies.replaceAll("\n", " "));
    t.equal(message, `AggregateError: x (cause: ${shown}; errors: ${shown}, 1)`);
  },
);
