/** Attacks on the wall between guest and host: SECURITY 19 and 20 of the design notes. */
import ivm from "isolated-vm";
import t from "tap";
import { startEngine } from "./fixture.ts";

/** Runs in a realm: the paths of all native functions and of all objects of foreign classes in it. */
const walkRealm = `
  const seen = new Set(), natives = [], foreign = [];
  // One root after the other: a path through the first is the same in every realm.
  for (const [n, root] of roots.entries()) for (const queue = [[root, "root" + n]]; queue.length > 0; ) {
    const [value, path] = queue.shift();
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) continue;
    seen.add(value);
    if (typeof value === "function" && /\\[native code\\]/.test(Function.prototype.toString.call(value))) natives.push(path);
    const tag = Object.prototype.toString.call(value);
    let top = value;
    while (Object.getPrototypeOf(top) !== null) top = Object.getPrototypeOf(top);
    if (/Reference|Callback|ExternalCopy|Isolate|Context|isolated/i.test(tag)) foreign.push(path + " " + tag);
    if (top !== Object.prototype && Object.getPrototypeOf(value) !== null) foreign.push(path + " of another realm");
    queue.push([Object.getPrototypeOf(value), path + ".__proto__"]);
    for (const key of Reflect.ownKeys(value)) {
      const property = Object.getOwnPropertyDescriptor(value, key);
      if (property === undefined) continue;
      for (const part of ["value", "get", "set"]) queue.push([property[part], path + "." + String(key) + (part === "value" ? "" : " " + part)]);
    }
  }
`;

t.test("a walk through all that a guest can reach finds no native function but the language's", async (t) => {
  const { load } = startEngine(t);
  const isolate = new ivm.Isolate({ memoryLimit: 32 });
  t.teardown(() => isolate.dispose());
  const bare = isolate
    .createContextSync()
    .evalClosureSync(`const roots = [globalThis, new Error("x")]; ${walkRealm}; return natives.join("\\n");`);
  const language = new Set(String(bare).split("\n"));

  const guest = await load(
    `return { handle(text, bytes) {
       let error;
       try { null.x } catch (thrown) { error = thrown }
       const roots = [globalThis, error, call, call(2, ""), bytes, this];
       ${walkRealm}
       return natives.join("\\n") + "\\0" + foreign.join("\\n");
     } }`,
    { host: () => Uint8Array.of(1) },
  );
  const [own, foreign] = guest.dispatch("", Uint8Array.of(1)).split("\0");
  const added = own!.split("\n").filter((path) => !language.has(path));
  t.same(added, []);
  t.equal(foreign, "");
  t.ok(language.size > 500, `the walk sees the ${language.size} functions of the language`);
});

t.test("what a call, an answer and an error carry is of the guest's realm", async (t) => {
  const { load } = startEngine(t);
  const guest = await load(
    `return { handle(text, bytes) {
       const caught = [];
       const attempt = (run) => { try { const value = run(); if (typeof value === "object") caught.push(value); } catch (error) { caught.push(error) } };
       attempt(() => call(1, ""));
       attempt(() => call(2, ""));
       attempt(() => call({}, ""));
       attempt(() => call(2, "", {}));
       attempt(() => call(2, Symbol()));
       attempt(() => call(2, "", new Proxy({}, { get() { throw 1 } })));
       attempt(() => call(2, "", () => {}));
       caught.push(bytes);
       return caught.map((value) => {
         const C = value.constructor;
         return C.constructor === Function && C.constructor("return globalThis")() === globalThis;
       }).join();
     } }`,
    {
      host: (op) => {
        if (op === 1) throw new Error("failed");
        return Uint8Array.of(1);
      },
    },
  );
  const realms = guest.dispatch("", Uint8Array.of(1)).split(",");
  t.same(realms, ["true", "true"], "the answer with bytes, and the bytes given; nothing else got through");
});

t.test("a host call that fails tells the guest nothing of the host", async (t) => {
  const { handler } = startEngine(t);
  const answers: unknown[] = [{}, Promise.resolve("="), 7, null, () => 1, Symbol("x")];
  const guest = await handler("return call(Number(text), '')", {
    host: (op) => {
      if (op === 0) throw new Error(`secret of ${import.meta.filename}`);
      return answers[op - 1] as string;
    },
  });
  for (let op = 0; op <= answers.length; op++) t.equal(guest.dispatch(`${op}`), "!Error:internal");
});

t.test("a guest cannot hand the host anything but numbers, text and bytes", async (t) => {
  const { handler } = startEngine(t);
  let calls = 0;
  const guest = await handler(
    `const odd = [{}, [], () => 1, Symbol(), 1n, null, new Map(), new Error("x"), new Uint16Array(1), new ArrayBuffer(1), "text"];
     return odd.map((value) => call(1, "", value)).concat(odd.slice(0, -1).map((value) => call(1, value))).join()`,
    { host: () => `=${++calls}` },
  );
  t.notMatch(guest.dispatch(""), /=/);
  t.equal(calls, 0);
});

t.test("a guest that calls the host at the end of its stack ends no host code half-way", async (t) => {
  const { handler } = startEngine(t);
  let began = 0;
  let finished = 0;
  const deep = (n: number): number => (n === 0 ? 0 : 1 + deep(n - 1));
  const guest = await handler(
    `const answers = new Set();
     const dive = () => {
       try { dive() } catch {}
       if (answers.size < 20) try { answers.add(call(1, "x")) } catch (error) { answers.add(error.stack) }
     };
     dive();
     return [...answers].join("|")`,
    {
      limits: { cpuMs: 2000 },
      host: () => {
        began++;
        deep(1000);
        finished++;
        return "=";
      },
    },
  );
  const answers = guest.dispatch("");
  t.ok(began > 100, `${began} calls`);
  t.equal(finished, began);
  t.notMatch(answers, /file:|node:|\.ts/);
});

t.test("stacks of the guest show neither functions nor files of the host", async (t) => {
  const { handler } = startEngine(t);
  const guest = await handler(
    `const shown = [];
     Error.stackTraceLimit = Infinity;
     Error.prepareStackTrace = (error, sites) => { for (const site of sites) shown.push(site.getFunction(), site.getThis(), site.getFileName()); };
     try { Object.defineProperty(Error, "prepareStackTrace", { value: (error, sites) => shown.push(sites) }) } catch {}
     const object = {};
     Error.captureStackTrace(object);
     let stack = object.stack;
     try { null.x } catch (error) { stack += error.stack }
     try { call(1, "") } catch (error) { stack += error.stack }
     let callers = [];
     (function probe() {
       for (let f = probe, n = 0; f && n < 20; n++) { try { f = f.caller } catch { f = null } if (f) callers.push(String(f)) }
     })();
     return JSON.stringify({ shown: shown.length, stack, callers })`,
    {
      host: () => {
        throw new Error("failed");
      },
    },
  );
  const { shown, stack, callers } = JSON.parse(guest.dispatch(""));
  t.equal(shown, 0);
  t.match(stack, /plugin\.js/);
  t.notMatch(stack, /file:|node:|\.ts|isolated-vm boundary/);
  t.notMatch(callers.join(), /host\(/);
});

t.test("memory that no limit counts is not to be had", async (t) => {
  const { handler } = startEngine(t);
  const guest = await handler(`
    const found = ["WebAssembly", "SharedArrayBuffer", "Atomics", "FinalizationRegistry", "console"].filter((name) => name in globalThis);
    const C = new Uint8Array(1).buffer.constructor;
    const growing = { maxByteLength: 1e9 };
    class Sub extends ArrayBuffer {}
    class Other { static get [Symbol.species]() { return C } }
    const buffers = {
      plain: () => new ArrayBuffer(8, growing),
      ofView: () => new C(8, growing),
      subclass: () => new Sub(8, growing),
      construct: () => Reflect.construct(C, [8, growing], Sub),
      bound: () => new (C.bind(null, 8, growing))(),
      proxy: () => new (new Proxy(C, {}))(8, growing),
      sliced: () => new C(8, growing).slice(0, 4),
      species: () => { const b = new C(8); b.constructor = Other; return b.slice(0) },
      ofSpecies: () => new (ArrayBuffer[Symbol.species])(8, growing),
      prototype: () => new (Object.getPrototypeOf(new C(1)).constructor)(8, growing),
      superclass: () => Reflect.construct(Object.getPrototypeOf(Sub), [8, growing]),
      transferred: () => new C(8, growing).transfer(16, growing),
    };
    for (const [name, make] of Object.entries(buffers)) {
      let buffer;
      try { buffer = make() } catch (error) { found.push(name + " " + error); continue }
      if (!(buffer instanceof ArrayBuffer) || !ArrayBuffer.isView(new Uint8Array(buffer))) found.push(name + " is no buffer");
      if (buffer.constructor !== ArrayBuffer && buffer.constructor !== Sub && !Object.hasOwn(buffer, "constructor")) found.push(name + " has another constructor");
      for (const member of ["resize", "resizable", "maxByteLength", "grow"]) if (member in buffer) found.push(name + "." + member);
    }
    return found.join()`);
  t.equal(guest.dispatch(""), "");
});

t.test("an ArrayBuffer of a guest is one in all other respects", async (t) => {
  const { handler } = startEngine(t);
  const guest = await handler(`
    class Sub extends ArrayBuffer { sum() { return this.byteLength } }
    const seen = [ArrayBuffer.name, ArrayBuffer.length, new ArrayBuffer(3).byteLength, new Sub(5).sum(), new Sub(5).slice(1) instanceof Sub,
      Object.prototype.toString.call(new ArrayBuffer(1)), ArrayBuffer.prototype === Object.getPrototypeOf(new ArrayBuffer(1)),
      Object.keys(globalThis).includes("ArrayBuffer")];
    for (const run of [() => ArrayBuffer(1), () => new ArrayBuffer(-1)]) try { run() } catch (error) { seen.push(error.constructor.name) }
    return seen.join()`);
  t.equal(guest.dispatch(""), "ArrayBuffer,1,3,5,true,[object ArrayBuffer],true,false,TypeError,RangeError");
});

t.test("the shared memory of the progress array gives a guest no constructor of more", async (t) => {
  const { load } = startEngine(t);
  const code = `((host, realm, progress) => ({
    load: () => "",
    dispatch: () => [Object.prototype.toString.call(progress.buffer), progress.buffer.constructor === Object, typeof progress.buffer.grow,
      Reflect.ownKeys(Object.getPrototypeOf(progress.buffer)).map(String)].join(),
  }))`;
  const guest = await load("", { runtime: { name: "runtime.js", code } });
  t.equal(
    guest.dispatch(""),
    "[object SharedArrayBuffer],true,undefined,byteLength,slice,Symbol(Symbol.toStringTag)",
  );
});

t.test("a guest imports nothing", async (t) => {
  const { handler } = startEngine(t);
  const guest = await handler(
    `
    if (text === "start") for (const name of ["node:fs", "isolated-vm", "./x.js", "data:text/javascript,1"])
      import(name).then(() => call(1, "imported"), (error) => call(1, "refused"));
    return ""`,
    {
      host: (_op, _id, text) => {
        answers.push(text);
        return "=";
      },
    },
  );
  const answers: string[] = [];
  guest.dispatch("start");
  guest.dispatch("");
  t.same(answers, ["refused", "refused", "refused", "refused"]);
});
