import fc from "fast-check";
import t from "tap";
import { scanJson } from "../../../plugins/access/json-scan.ts";

const free = { maxDepth: 1000, maxValues: 1e9, duplicateKeys: true };
const strict = { maxDepth: 3, maxValues: 5, duplicateKeys: false };

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

t.test("the scanner takes for JSON what JSON.parse does, and nothing else", async () => {
  const signs = fc.array(
    fc.constantFrom(...'{}[],:"\\u0061tfn-+.eE129 \n\t\u0001é', "true", "null", '"a"', "\\u00", "-0.5e+7"),
    { maxLength: 10 },
  );
  fc.assert(
    fc.property(signs, (parts) => (scanJson(parts.join(""), free) === null) === isJson(parts.join(""))),
    { numRuns: 20_000 },
  );
  fc.assert(fc.property(fc.json(), (text) => scanJson(text, free) === null));
  fc.assert(
    fc.property(fc.json(), fc.nat(), fc.constantFrom(...'{}[],:"\\0 '), (text, at, sign) => {
      const place = at % (text.length + 1);
      const damaged = text.slice(0, place) + sign + text.slice(place + 1);
      return (scanJson(damaged, free) === null) === isJson(damaged);
    }),
    { numRuns: 3000 },
  );
});

t.test("nested JSON bomb: a million brackets end at the depth that is allowed", async (t) => {
  t.equal(scanJson("[".repeat(1_000_000), strict), "it is deeper than 3");
  t.equal(scanJson('{"a":'.repeat(100_000), strict), "it is deeper than 3");
  t.equal(scanJson("[[[1]]]", strict), null);
  t.equal(scanJson("[[[[]]]]", strict), "it is deeper than 3");
});

t.test("wide JSON bomb: more values than allowed", async (t) => {
  t.equal(scanJson("[1,2,3,4]", strict), null);
  t.equal(scanJson("[1,2,3,4,5]", strict), "it has more than 5 values");
});

t.test("duplicate keys are found however they are escaped, in the same object alone", async (t) => {
  const refused = "two members have the same name";
  t.equal(scanJson('{"a":1,"a":2}', strict), refused);
  t.equal(scanJson('{"role":1,"\\u0072ole":2}', strict), refused);
  t.equal(scanJson('{"__proto__":1,"__proto__":2}', strict), refused);
  t.equal(scanJson('[{"a":{"a":1}},{"a":1}]', { ...strict, maxValues: 9 }), null);
  t.equal(scanJson('{"a":1,"A":2}', strict), null);
});

t.test("a long text of one string is read in no time", async (t) => {
  const begun = performance.now();
  t.equal(scanJson(`"${"a\\n".repeat(300_000)}"`, strict), null);
  t.ok(performance.now() - begun < 1000);
});
