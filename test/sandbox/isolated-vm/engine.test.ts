import t from "tap";
import { HostOp } from "../../../sdk/runtime/host-op.ts";
import { faultOf, startEngine } from "./fixture.ts";

t.test("text crosses unchanged in both directions, whatever its code units are", async (t) => {
  const { handler } = startEngine(t);
  const guest = await handler("return call(7, text).slice(1)", { host: (_op, _id, text) => `=${text}` });
  const long = "x".repeat(2 ** 20);
  const surrogates = "\udc00\ud800".repeat(600);
  for (const text of ["", "a\0b", "naïve", "\ud800 \udc00", "語", long, `${long}語`, surrogates]) {
    t.equal(guest.dispatch(text), text === "" ? "" : text, `${text.length} code units`);
  }
});

t.test("bytes cross in both directions as plain Uint8Arrays", async (t) => {
  const { handler } = startEngine(t);
  const seen: unknown[] = [];
  const guest = await handler(
    `const answer = call(40, "", bytes);
     return [bytes, answer].map((b) => [b.constructor === Uint8Array, b.join(" "), b.buffer.constructor === ArrayBuffer]).join()`,
    {
      host: (_op, _id, _text, bytes) => {
        seen.push(Object.getPrototypeOf(bytes) === Uint8Array.prototype, ...bytes!);
        return Uint8Array.of(4, 5);
      },
    },
  );
  t.equal(guest.dispatch("", Uint8Array.of(1, 2, 3)), "true,1 2 3,true,true,4 5,true");
  t.same(seen, [true, 1, 2, 3]);
  t.equal(guest.dispatch("", new Uint8Array(0)), "true,,true,true,4 5,true");
});

t.test("bytes beside the ones that were given do not cross with them", async (t) => {
  const { handler } = startEngine(t);
  const pool = Buffer.from("of another request|mine|of a third");
  const guest = await handler("return [bytes.buffer, call(40, '').buffer].map((b) => b.byteLength).join()", {
    host: () => pool.subarray(19, 23),
  });
  t.equal(guest.dispatch("", pool.subarray(19, 23)), "4,4");
  t.equal(pool.length, 34, "the host keeps its bytes");
});

t.test("bytes of an outcome reach the host before dispatch returns, and none beside them", async (t) => {
  const { handler } = startEngine(t);
  const seen: unknown[] = [];
  const guest = await handler(
    `const whole = Uint8Array.of(1, 2, 3, 4);
     const answers = [call(1, "s one", whole.subarray(1, 3)), call(1, "s two", whole)];
     whole.fill(9);
     return answers.join("")`,
    {
      host: (op, id, text, bytes) => {
        seen.push([op, id, text, [...bytes!], bytes!.buffer.byteLength]);
        return "=";
      },
    },
  );
  t.equal(guest.dispatch("語"), "==", "the reply is not longer for it");
  t.same(seen, [
    [1, 0, "s two", [1, 2, 3, 4], 4],
    [1, 0, "s one", [2, 3], 2],
  ]);
  t.equal(guest.dispatch(""), "==", "and not only once");
  t.equal(seen.length, 4);
});

t.test("what only looks like bytes of an outcome costs the guest nothing but the outcome", async (t) => {
  const { handler } = startEngine(t);
  const seen: unknown[] = [];
  const guest = await handler("return call(1, 's', eval(text))", {
    host: (...values) => {
      seen.push(values);
      return "=";
    },
  });
  for (const forged of [
    "Object.create(Uint8Array.prototype)",
    "new Proxy(new Uint8Array(3), {})",
    "new Float64Array(1)",
    "({ byteLength: 3, [Symbol.toStringTag]: 'Uint8Array' })",
  ]) {
    t.equal(guest.dispatch(forged), "!Error:internal", forged);
  }
  t.same(seen, []);
  t.equal(guest.dispatch("new Uint8Array(2)"), "=");
  t.equal(seen.length, 1);
});

t.test("the prototypes that a plugin changes are not those that bytes are read by", async (t) => {
  const { handler } = startEngine(t);
  const seen: unknown[] = [];
  const guest = await handler(
    `const lie = { get() { return 1; }, configurable: true };
     for (const name of ["byteLength", "buffer", Symbol.toStringTag]) {
       Object.defineProperty(Object.getPrototypeOf(Uint8Array.prototype), name, lie);
     }
     Object.defineProperty(ArrayBuffer.prototype, "byteLength", lie);
     Function.prototype.call = Function.prototype.bind = () => () => 1;
     globalThis.Uint8Array = class {};
     return call(1, "s", bytes.subarray(1))`,
    {
      host: (_op, _id, _text, bytes) => {
        seen.push([...bytes!]);
        return "=";
      },
    },
  );
  t.equal(guest.dispatch("", Uint8Array.of(1, 2, 3)), "=");
  t.same(seen, [[2, 3]]);
});

t.test("the array that a plugin changes is not the one that long texts cross in", async (t) => {
  const { handler } = startEngine(t);
  const guest = await handler(
    `const lie = { get: () => "lie", set() {}, configurable: true };
     Object.defineProperty(Array.prototype, 0, lie);
     Object.defineProperty(Object.prototype, 0, lie);
     Array.isArray = () => false;
     globalThis.Array = class {};
     const answer = call(1, "");
     return text.length + " " + answer.length + " " + (text + answer === "a".repeat(2000) + "b".repeat(3000))`,
    { host: () => "b".repeat(3000) },
  );
  // The second one comes when all of that is in force.
  for (let n = 0; n < 2; n++) t.equal(guest.dispatch("a".repeat(2000)), "2000 3000 true");
});

t.test("the host function gets the four values and answers with text, bytes or nothing", async (t) => {
  const { handler } = startEngine(t);
  const calls: unknown[] = [];
  const answers = ["=text", Uint8Array.of(9), undefined];
  const guest = await handler("const a = call(40, 'url'); return typeof a + a", {
    host: (...values) => {
      calls.push(values);
      return answers[calls.length - 1];
    },
  });
  t.same(
    [guest.dispatch(""), guest.dispatch(""), guest.dispatch("")],
    ["string=text", "object9", "undefinedundefined"],
  );
  t.same(calls[0], [40, 0, "url", undefined]);
});

t.test("microtasks have run when dispatch returns", async (t) => {
  const { handler } = startEngine(t);
  const order: string[] = [];
  const guest = await handler("(async () => { await null; await null; call(1, 'later') })(); return 'now'", {
    host: (_op, _id, text) => {
      order.push(text);
      return "=";
    },
  });
  order.push(guest.dispatch(""), "returned");
  t.same(order, ["later", "now", "returned"]);
});

t.test("a rejected promise that nobody handles takes no reply away", async (t) => {
  const { handler } = startEngine(t);
  const guest = await handler("Promise.reject(new Error('lost')); return 'reply to ' + text");
  t.equal(guest.dispatch("one"), "reply to one");
  t.equal(guest.dispatch("two"), "reply to two");
  t.ok(guest.isAlive);
});

const rejecting = `
  if (text === "nothing") return "";
  if (text === "handled") { const p = Promise.reject(1); Promise.resolve().then(() => p.catch(() => {})); return ""; }
  Promise.reject((0, eval)(text));
  return "";
`;

t.test("a rejected promise that nobody handles is told to the log, with its stack", async (t) => {
  const { handler } = startEngine(t);
  const told: string[] = [];
  const host = (op: number, id: number, text: string) => {
    t.same([op, id], [HostOp.log, 0]);
    told.push(text);
    return "=";
  };
  const guest = await handler(rejecting, { host });
  const take = (message: string) => {
    guest.dispatch(message);
    return JSON.parse(told.pop() ?? "null");
  };
  t.match(take("new RangeError('lost')"), {
    level: "error",
    fault: { name: "RangeError", message: "lost", stack: /plugin\.js:4/ },
  });
  t.match(take("Object.assign(new Error('x'), { name: 'Own' })").fault, { message: "x" });
  t.match(take("'text'").fault, { name: "Error", message: "Thrown: text", stack: "" });
  t.match(take("undefined").fault, { message: "Thrown: undefined" });
  t.equal(take("handled"), null);
  t.equal(take("nothing"), null);
});

/** Reasons that fight back when somebody reads them. */
const hostile: Readonly<Record<string, string>> = {
  "getters that throw": "{ get message() { throw 1 }, get stack() { throw 2 }, get name() { throw 3 } }",
  "a proxy":
    "new Proxy(new Error('x'), { get() { throw 1 }, getPrototypeOf() { throw 2 }, ownKeys() { throw 3 } })",
  "a proxy of everything":
    "new Proxy(function () {}, { get: (t, k) => (typeof k === 'symbol' ? undefined : new Error(String(k))) })",
  "texts that are objects":
    "Object.assign(new Error('x'), { message: { toString() { return {} } }, stack: { toString: null }, name: Symbol() })",
  "a constructor that lies":
    "{ constructor: { get name() { throw 1 } }, message: 'm', stack: 's', __proto__: { constructor: TypeError } }",
  "a long text": "Object.assign(new Error('x'.repeat(1e6)), { stack: '\\n'.repeat(1e6) })",
  "a function": "() => 1",
  "a symbol": "Symbol('s')",
  "a bigint": "10n",
  null: "null",
  "a thenable": "{ then() { throw 1 } }",
};

for (const [what, code] of Object.entries(hostile)) {
  t.test(`of a rejection with ${what} nothing but short texts comes out`, async (t) => {
    const { handler } = startEngine(t);
    const told: string[] = [];
    const guest = await handler(`Promise.reject(${code}); return "fine"`, {
      host: (_op, _id, text) => {
        told.push(text);
        return "=";
      },
    });
    t.equal(guest.dispatch(""), "fine");
    t.equal(told.length, 1);
    t.ok(told[0]!.length < 100_000);
    const { fault } = JSON.parse(told[0]!);
    for (const part of ["name", "message", "stack"]) t.type(fault[part], "string");
    t.equal(guest.dispatch(""), "fine", "the guest goes on");
  });
}

t.test("a plugin that cannot be loaded is a fault of kind load, with the reason", async (t) => {
  const { load, engine } = startEngine(t);
  await t.rejects(load("throw new TypeError('no key')"), {
    name: "GuestFault",
    kind: "load",
    message: "failed: TypeError: no key",
  });
  await t.rejects(load("]"), { kind: "load", message: /^SyntaxError: .*plugin\.js:1/ });
  await t.rejects(load("", { runtime: { name: "runtime.js", code: "(() => { throw new Error('x') })" } }), {
    name: "GuestFault",
    kind: "crash",
  });
  t.equal((await load("return {}")).isAlive, true, "the engine goes on");
  engine.close();
  await t.rejects(load("return {}"), /engine is closed/);
});

t.test("a runtime that throws or returns no text is a crash", async (t) => {
  const { load } = startEngine(t);
  for (const dispatch of ["throw new Error('x')", "return {}", "return () => 1"]) {
    const code = `(() => ({ load: () => "", dispatch() { ${dispatch} } }))`;
    const guest = await load("", { runtime: { name: "runtime.js", code } });
    t.equal(faultOf(() => guest.dispatch(""))?.kind, "crash", dispatch);
    t.notOk(guest.isAlive);
  }
});

t.test("a guest that was disposed of refuses every dispatch", async (t) => {
  const { handler } = startEngine(t);
  const guest = await handler("return text");
  t.ok(guest.isAlive);
  guest.dispose();
  guest.dispose();
  t.notOk(guest.isAlive);
  t.equal(guest.memoryUsed(), 0);
  t.match(
    faultOf(() => guest.dispatch("x")),
    { kind: "crash", message: "Guest sample was disposed" },
  );
});

t.test("a guest can be disposed of while the host is inside it", async (t) => {
  const { handler } = startEngine(t);
  const guest = await handler("call(1, ''); return text", {
    host: () => {
      guest.dispose();
      return "=";
    },
  });
  t.equal(faultOf(() => guest.dispatch("x"))?.message, "Guest sample was disposed");
  const next = await handler("return text");
  t.equal(next.dispatch("next"), "next");
  t.equal(next.dispatch("again"), "again");
});

t.test("a guest is not entered while the host is inside it, others are", async (t) => {
  const { handler } = startEngine(t);
  const other = await handler("return 'other'");
  const errors: unknown[] = [];
  const guest = await handler("return call(1, '')", {
    host: () => {
      try {
        guest.dispatch("");
      } catch (error) {
        errors.push(error);
      }
      return `=${other.dispatch("")}`;
    },
  });
  t.equal(guest.dispatch("x"), "=other");
  t.match(errors, [{ message: "Guest sample is entered already" }]);
  t.equal(guest.dispatch("x"), "=other", "the guest goes on");
});

t.test("memoryUsed counts what the guest holds, array buffers too", async (t) => {
  const { handler } = startEngine(t);
  const guest = await handler("globalThis.kept = [new Uint8Array(8e6), 'x'.repeat(8)]; return ''");
  const before = guest.memoryUsed();
  guest.dispatch("");
  const grown = guest.memoryUsed() - before;
  t.ok(before > 100_000 && before < 5e6, `${before} bytes before`);
  t.ok(grown > 7.9e6 && grown < 9e6, `${grown} bytes more`);
});

t.test("texts that a guest let go of are not held until its memory is full", async (t) => {
  const { handler } = startEngine(t);
  let n = 0;
  let text = "";
  const guest = await handler("return String(text.length + call(7, '').length)", {
    host: () => text + (n % 10),
  });
  for (const letter of ["x", "語"]) {
    for (const length of [511, 1023, 8192]) {
      text = letter.repeat(length - 1);
      for (n = 0; n < 3000; n++) guest.dispatch(text + (n % 10));
      t.equal(guest.dispatch(text + (n % 10)), String(2 * length));
      const used = guest.memoryUsed();
      t.ok(used < 6e6, `${used} bytes after 3000 texts of ${length} times ${letter}`);
    }
  }
});

t.test("hundreds of guests come and go, and their memory with them", async (t) => {
  const { load } = startEngine(t);
  const wave = async () => {
    const guests = await Promise.all(
      Array.from({ length: 40 }, (_, n) => load(`return { handle: (text) => text + ${n} }`)),
    );
    t.same(
      guests.map((guest) => guest.dispatch("guest ")),
      guests.map((_, n) => `guest ${n}`),
    );
    for (const guest of guests) guest.dispose();
  };
  await wave();
  const before = process.memoryUsage.rss();
  for (let n = 0; n < 5; n++) await wave();
  const grown = (process.memoryUsage.rss() - before) / 2 ** 20;
  t.ok(grown < 60, `${grown.toFixed()} MiB more after 200 guests`);
});
