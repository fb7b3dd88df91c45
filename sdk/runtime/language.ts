/**
 * The language of a guest: what ECMAScript gives on each engine and in each version of them. What would depend on the
 * locale of the host is what it is without one. test/sandbox/contract/builtins.ts compares.
 */

/** What some engine has and another has not. */
const uneven = `Array.fromAsync AsyncDisposableStack BigInt.prototype.toLocaleString Date.prototype.toLocaleString
  Date.prototype.toTemporalInstant DisposableStack Function.prototype.columnNumber Function.prototype.fileName
  Function.prototype.lineNumber Intl Iterator.concat JSON.isRawJSON JSON.rawJSON Map.prototype.getOrInsert
  Map.prototype.getOrInsertComputed Math.sumPrecise Number.prototype.toLocaleString RegExp.$1 RegExp.$2 RegExp.$3
  RegExp.$4 RegExp.$5 RegExp.$6 RegExp.$7 RegExp.$8 RegExp.$9 RegExp.$& RegExp.$' RegExp.$+ RegExp.$_ RegExp.$\`
  RegExp.input RegExp.lastMatch RegExp.lastParen RegExp.leftContext RegExp.rightContext Set.groupBy SuppressedError
  Temporal Uint8Array.fromBase64 Uint8Array.fromHex Uint8Array.prototype.setFromBase64 Uint8Array.prototype.setFromHex
  Uint8Array.prototype.toBase64 Uint8Array.prototype.toHex WeakMap.prototype.getOrInsert
  WeakMap.prototype.getOrInsertComputed`;

const { apply, defineProperty, deleteProperty, getPrototypeOf } = Reflect;

/** Makes it so in this realm, which is the guest's own, before anything of the plugin has run. */
export function levelLanguage(): void {
  for (const path of uneven.split(/\s+/)) {
    const names = path.split(".");
    const name = names.pop()!;
    deleteProperty(
      names.reduce((holder, key) => Reflect.get(holder, key), globalThis as object),
      name,
    );
  }
  deleteProperty(globalThis, Symbol.toStringTag);
  levelDisposal();
  levelDates();
  levelTexts();
  levelStacks();
}

/** What `using` needs is its symbols: the compiler does the rest. */
function levelDisposal(): void {
  for (const name of ["dispose", "asyncDispose"]) {
    const value = Reflect.get(Symbol, name) ?? Symbol(`Symbol.${name}`);
    defineProperty(Symbol, name, { value, writable: false, enumerable: false, configurable: false });
    const generated = name === "dispose" ? (function* () {})() : (async function* () {})();
    for (let object: object | null = generated; object !== null; object = getPrototypeOf(object)) {
      deleteProperty(object, value);
    }
  }
}

function levelDates(): void {
  const { prototype } = Date;
  for (const name of ["toString", "toTimeString"] as const) {
    const full = prototype[name];
    // One engine names the time zone as well: `GMT+0100 (Central European Standard Time)`.
    const short = {
      [name](this: Date): string {
        const text = apply(full, this, []);
        const end = text.indexOf(" (");
        return end < 0 ? text : text.slice(0, end);
      },
    };
    define(prototype, name, short[name]);
  }
  define(prototype, "toLocaleDateString", prototype.toDateString);
  define(prototype, "toLocaleTimeString", prototype.toTimeString);
}

function levelTexts(): void {
  const { prototype } = String;
  define(prototype, "toLocaleLowerCase", prototype.toLowerCase);
  define(prototype, "toLocaleUpperCase", prototype.toUpperCase);
  const plain = {
    localeCompare(this: unknown, that: unknown): number {
      const [one, other] = [`${this}`, `${that}`];
      return one === other ? 0 : one < other ? -1 : 1;
    },
  };
  define(prototype, "localeCompare", plain.localeCompare);
}

/** What packages call without asking whether it is there. */
function levelStacks(): void {
  if ("captureStackTrace" in Error) return;
  define(Error, "captureStackTrace", (target: object) => define(target, "stack", new Error().stack));
  defineProperty(Error, "stackTraceLimit", {
    value: 10,
    writable: true,
    enumerable: true,
    configurable: true,
  });
  defineProperty(Error, "prepareStackTrace", { set() {}, configurable: false });
}

function define(holder: object, name: string, value: unknown): void {
  defineProperty(holder, name, { value, writable: true, enumerable: false, configurable: true });
}
