import t from "tap";
import { storeSteps } from "../../core/policy/operations/store-steps.ts";

const steps = (...asked: unknown[]) => storeSteps(JSON.stringify(["shared", asked]));

t.test("seconds of a policy are milliseconds of the store", async (t) => {
  t.same(steps(["set", "a", 5, 60]), ["shared", [{ op: "set", key: "a", values: [5, 60_000, "", "", ""] }]]);
  t.same(steps(["b", "a", 1, 2, 10, 20])[1][0]!.values, [1, 2, 0.01, 20, ""]);
  t.same(steps(["w", "a", 0, 1, 5, 2])[1][0]!.values, [0, 1, 5, 200, 2]);
  t.same(steps(["q", "a", 0, 1, 5, "month", 60])[1][0]!.values, [0, 1, 5, 1, 3_600_000]);
  t.same(steps(["p", "a", 0, 1, 5, 60])[1][0]!.values, [0, 1, 5, 60_000, ""]);
  t.same(steps(["add", "a", 1, 60, null])[1][0]!.values, [1, 60_000, "", "", ""]);
});

t.test("up to 32 limits are taken from at once, and no more", async (t) => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => ["p", `key ${index}`, 0, 1, 5, 60]);
  t.equal(steps(...many(32))[1].length, 32);
  t.throws(() => steps(...many(33)), { name: "RangeError", message: /up to 32/ });
});

const refused: Readonly<Record<string, readonly unknown[]>> = {
  "nothing at all": [],
  "what is no list": ["get"],
  "a step that nobody knows": [["flushall", "a"]],
  "a value that the operator alone sets": [["pin", "a", "1"]],
  "that of the operator to be taken away": [["unpin", "a"]],
  "all values of the operator": [["pins", ""]],
  "a name that objects have": [["__proto__", "a"]],
  "a key that is no text": [["get", 5]],
  "a number that is none": [["set", "a", "5", 60]],
  "a number that JSON does not have": [["set", "a", Number.NaN, 60]],
  "a number without an end": [["set", "a", 5, null]],
  "an end in the past": [["set", "a", 5, -1]],
  "an end in a thousand years": [["set", "a", 5, 3e10]],
  "a cost that gives back": [["b", "a", 0, -1, 10, 20]],
  "a bucket that never fills": [["b", "a", 0, 1, 0, 20]],
  "a bucket that fills in a thousand years": [["b", "a", 0, 1, 1, 3e10]],
  "a limit of nothing": [["w", "a", 0, 1, 0, 60]],
  "a window of no time": [["w", "a", 0, 1, 5, 0]],
  "a period that no calendar has": [["q", "a", 0, 1, 5, "week", 0]],
  "an offset of a day": [["q", "a", 0, 1, 5, "day", 1440]],
  "two numbers at once": [
    ["get", "a"],
    ["get", "b"],
  ],
  "taking and adjusting at once": [
    ["p", "a", 0, 1, 5, 60],
    ["P", "b", -1, 0, 5, 60],
  ],
  "the same limit twice": [
    ["p", "a", 0, 1, 5, 60],
    ["p", "a", 0, 1, 5, 60],
  ],
};

for (const [title, asked] of Object.entries(refused)) {
  t.test(`storeSteps refuses ${title}`, async (t) => {
    t.throws(() => steps(...asked), { name: /^(?:Type|Range)Error$/ });
  });
}

t.test("storeSteps refuses what is no call", async (t) => {
  for (const text of ["", "{}", "[", '["shared"]', '[5,[["get","a"]]]', `["${"a".repeat(600_000)}",[]]`]) {
    t.throws(() => storeSteps(text), { name: "TypeError" }, text.slice(0, 20));
  }
});
