import { Headers } from "../../../sdk/runtime/headers.ts";
import { Request } from "../../../sdk/runtime/request.ts";
import { Response } from "../../../sdk/runtime/response.ts";
import { URL } from "../../../sdk/runtime/url/url.ts";
import { console, format } from "../../../sdk/runtime/web/console.ts";
import { DOMException } from "../../../sdk/runtime/web/dom-exception.ts";
import { inspect } from "../../../sdk/runtime/web/inspect.ts";
import "../../../sdk/runtime/globals.ts";
import { equal, ok, same, suite } from "./check.ts";
import { logged, pass } from "./guest-side.ts";

export const { checks, check } = suite();

const messages = () => logged.map(({ message }) => message);

check("each method writes a line with its level", () => {
  const { log, info, debug, warn, error } = console;
  for (const write of [log, info, debug, warn, error]) write("x");
  same(
    logged.map(({ level, message }) => `${level} ${message}`),
    ["info x", "info x", "debug x", "warn x", "error x"],
  );
});

check("values are shown as in a program, strings at the top as they are", () => {
  console.log("got", { a: 1, b: [1, "two"], "c-d": null }, undefined, -0, 1n, Symbol("s"));
  same(messages(), ['got { a: 1, b: [1, "two"], "c-d": null } undefined -0 1n Symbol(s)']);
});

check("marks in the first text take values", () => {
  equal(
    format(["%s is %d of %i %f %o%%", "x", "3", 4.9, "5.5", { a: 1 }, "rest"]),
    "x is 3 of 4 5.5 { a: 1 }% rest",
  );
  equal(format(["%s %s", "one"]), "one %s");
  equal(format(["100%", 1]), "100% 1");
  equal(format(["%cred", "color: red"]), "red");
  equal(format(["%d %d", Symbol("x"), 2n]), "NaN 2n");
  equal(format([]), "");
});

check("groups indent, counters count, timers measure, assert speaks up", async () => {
  console.group("group");
  console.log("a\nb");
  console.groupEnd();
  console.groupEnd();
  console.count();
  console.count("x");
  console.count();
  console.countReset();
  console.count();
  console.time("t");
  await pass(12.3);
  console.timeEnd("t");
  console.timeEnd("t");
  console.assert(true, "never");
  console.assert(false, "%s", "now");
  same(messages(), [
    "group",
    "  a\n  b",
    "default: 1",
    "x: 1",
    "default: 2",
    "default: 1",
    "t: 12.3 ms",
    'Timer "t" does not exist',
    "Assertion failed: now",
  ]);
});

check("objects of ECMAScript are shown by what they hold", () => {
  class Point {
    x = 1;
  }
  const shown: [unknown, string][] = [
    [new Map<unknown, unknown>([["a", { b: 1 }]]), 'Map(1) { "a" => { b: 1 } }'],
    [new Set([1, "b"]), 'Set(2) { 1, "b" }'],
    [new Set(), "Set(0) {}"],
    [new Date(0), "1970-01-01T00:00:00.000Z"],
    [new Date(Number.NaN), "Invalid Date"],
    [/a\/b/gi, "/a\\/b/gi"],
    [new Uint8Array([1, 2]), "Uint8Array(2) [1, 2]"],
    [new ArrayBuffer(3), "ArrayBuffer(3)"],
    [new Point(), "Point { x: 1 }"],
    [Object.create(null), "[Object: null prototype] {}"],
    [Object.assign(new Array(3), { 0: 1, 2: 3 }), "[1, <empty>, 3]"],
    [[], "[]"],
    [{}, "{}"],
    [Point, "[class: Point]"],
    [() => {}, "[Function (anonymous)]"],
    [Object("text"), '[String: "text"]'],
    [Object(1n), "[BigInt: 1]"],
    [{ a: { b: { c: { d: 1 } } } }, "{ a: { b: { c: [Object] } } }"],
    [{ [Symbol("k")]: 1 }, "{ [Symbol(k)]: 1 }"],
  ];
  for (const [value, wanted] of shown) equal(inspect(value), wanted);
});

check("objects of the Web are shown by what they are", () => {
  const headers = { "x-a": "1" };
  const url = "http://a.test/b?c=d";
  class Mine extends Response {
    override get headers(): never {
      throw new Error("not to be called");
    }
  }
  const shown: [unknown, string][] = [
    [new Headers(headers), 'Headers { "x-a": "1" }'],
    [new URL(url), `URL { href: "${url}" }`],
    [new URL(url).searchParams, 'URLSearchParams { c: "d" }'],
    [
      new Response("x", { status: 201, headers }),
      'Response { status: 201, headers: Headers { "content-type": "text/plain;charset=UTF-8", "x-a": "1" } }',
    ],
    [
      new Request(url, { headers }),
      `Request { method: "GET", url: "${url}", headers: Headers { "x-a": "1" } }`,
    ],
    [new Mine(null, { status: 204 }), "Response { status: 204, headers: Headers {} }"],
    [{ a: { b: { c: new URL(url) } } }, "{ a: { b: { c: [URL] } } }"],
    [Object.create(Response.prototype), "[an object that cannot be shown]"],
  ];
  for (const [value, wanted] of shown) equal(inspect(value), wanted);
});

check("an error is shown with name, message, stack, cause and its own properties", () => {
  const error = Object.assign(new TypeError("broken", { cause: new RangeError("why") }), { code: "E1" });
  const text = inspect(error);
  ok(text.startsWith("TypeError: broken"), text);
  ok(text.includes('{ code: "E1" }'), text);
  ok(text.includes("[cause]: RangeError: why"), text);
  ok(!text.includes("sluice:runtime"), text);
  class Own extends Error {}
  ok(inspect(new Own("x")).startsWith("Own: x"), inspect(new Own("x")));
  ok(inspect(new DOMException("late", "TimeoutError")).startsWith("TimeoutError: late"), "DOMException");
  ok(inspect(new AggregateError([1], "many")).includes("[errors]: [1]"), "AggregateError");
});

check("cycles end", () => {
  const value: Record<string, unknown> = { a: [] };
  (value["a"] as unknown[]).push(value);
  equal(inspect(value), "{ a: [[Circular]] }");
});

check("no getter, toString or toJSON of the value is run", () => {
  const ran: string[] = [];
  const trap = (name: string) => () => {
    ran.push(name);
    throw new Error(name);
  };
  const value = {
    toString: trap("toString"),
    toJSON: trap("toJSON"),
    [Symbol.toPrimitive]: trap("toPrimitive"),
    get secret() {
      return trap("getter")();
    },
    get [Symbol.toStringTag]() {
      return trap("tag")();
    },
  };
  const error = new Error("x");
  for (const key of ["name", "message", "stack", "cause", "errors"]) {
    Object.defineProperty(error, key, { get: trap(key), configurable: true });
  }
  console.log(value, error, [value], "%s", value);
  console.log("%s %d %i %f %o", value, value, value, value, value);
  same(ran, []);
  ok(messages()[0]!.includes("secret: [Getter]"), messages()[0]!);
});

check("a value that fights being shown is a line all the same", () => {
  const hostile = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error("no");
      },
    },
  );
  const { proxy, revoke } = Proxy.revocable([], {});
  revoke();
  const prototypeless = Object.create(
    new Proxy(
      {},
      {
        getPrototypeOf: () => {
          throw new Error("no");
        },
      },
    ),
  );
  let deep: unknown[] = [];
  for (let n = 0; n < 10_000; n++) deep = [deep];
  let chain: object = {};
  for (let n = 0; n < 10_000; n++) chain = Object.create(chain) as object;
  for (const value of [hostile, proxy, prototypeless, deep, chain, { a: hostile }]) console.log(value);
  equal(logged.length, 6);
});

check("no line is longer than 8 KiB, however big the value is", () => {
  const big = {
    text: "x".repeat(1e5),
    list: new Array(1e5).fill("item"),
    map: new Map([["k".repeat(1e5), 1]]),
  };
  console.log(big);
  console.log("y".repeat(1e5), big);
  console.log("%s", "z".repeat(1e5));
  console.log(Array.from({ length: 1000 }, (_, n) => Array.from({ length: 1000 }, () => ({ n }))));
  console.error(new Error("m".repeat(1e5)));
  console.count("c".repeat(1e5));
  equal(logged.length, 6);
  for (const message of messages()) ok(message.length <= 8192, String(message.length));
  ok(inspect(new Array(1000).fill(1)).endsWith("... 900 more]"), "a list that is cut says so");
});

check("a line knows the place in the plugin that wrote it", () => {
  const plugin = new Function(
    "console",
    "const f = () => { console.log('x'); };\nf();\n//# sourceURL=plugin.js",
  );
  plugin(console);
  console.trace("here");
  ok(/^(plugin\.js|<input>|<anonymous>|anonymous)?/.test(logged[0]!.position), "a place");
  ok(!logged[0]!.position.includes("sluice:runtime"), logged[0]!.position);
  ok(logged[1]!.message.startsWith("Trace: here"), logged[1]!.message);
});

check("a plugin that breaks Error breaks only its own places", () => {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  console.log("x");
  Error.stackTraceLimit = before;
  const holder = Error as { prepareStackTrace?: unknown };
  const prepare = holder.prepareStackTrace;
  holder.prepareStackTrace = () => ({ split: 1 });
  console.log("y", new Error("z"));
  holder.prepareStackTrace = prepare;
  equal(logged.length, 2);
});
