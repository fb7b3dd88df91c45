import fc from "fast-check";
import t from "tap";
import { atob, btoa } from "../../../sdk/runtime/web/base64.ts";

t.test("btoa encodes bytes as this runtime does and refuses what is no byte", async (t) => {
  const byte = fc.integer({ min: 0, max: 0xff }).map((code) => String.fromCharCode(code));
  fc.assert(
    fc.property(fc.array(byte), (bytes) => {
      const text = bytes.join("");
      t.equal(btoa(text), globalThis.btoa(text));
      t.equal(atob(btoa(text)), text);
    }),
  );
  for (const text of ["€", "aĀ", "ab😀"])
    t.throws(() => btoa(text), { name: "InvalidCharacterError", code: 5 });
  t.equal(btoa(null as unknown as string), "bnVsbA==");
  t.throws(() => Reflect.apply(btoa, undefined, []), TypeError);
});

t.test("atob decodes and refuses what this runtime decodes and refuses", async (t) => {
  const piece = fc.constantFrom(
    "A",
    "b",
    "/",
    "+",
    "=",
    "==",
    " ",
    "\n",
    "\f",
    "\v",
    "-",
    "_",
    "9",
    "Zm9v",
    "\u00a0",
    "é",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const text = pieces.join("");
      t.equal(
        attempt(() => atob(text)),
        attempt(() => globalThis.atob(text)),
        JSON.stringify(text),
      );
    }),
    { numRuns: 1000 },
  );
  t.throws(() => Reflect.apply(atob, undefined, []), TypeError);
});

function attempt(action: () => string): string {
  try {
    return action();
  } catch (error) {
    return (error as Error).name;
  }
}
