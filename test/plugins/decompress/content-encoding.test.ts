import fc from "fast-check";
import t from "tap";
import { type Encoded, readEncoding } from "../../../plugins/decompress/content-encoding.ts";

const known = ["gzip", "br", "zstd", "deflate"];
const plain: Encoded = { kind: "plain" };
const unknown: Encoded = { kind: "unknown" };
const decode = (...codings: ("gzip" | "br" | "zstd" | "deflate")[]): Encoded => ({ kind: "decode", codings });

const cases: readonly [field: string | null, expected: Encoded, why: string][] = [
  [null, plain, "nothing was said"],
  ["", plain, "an empty list"],
  ["identity", plain, "a word for none"],
  ["gzip", decode("gzip"), "one"],
  ["GZip", decode("gzip"), "case is of no matter (RFC 9110 section 8.4.1)"],
  ["x-gzip", decode("gzip"), "the old name"],
  ["gzip, br", decode("gzip", "br"), "two, in the order in which they were put on"],
  ["identity, gzip ,, identity", decode("gzip"), "nothing among them"],
  ["br, br, br", decode("br", "br", "br"), "as many as are allowed"],
  ["br, br, br, br", unknown, "one more"],
  ["lzw", unknown, "a coding that nobody knows"],
  ["gzip, compress", unknown, "one of them is enough"],
  ["gzip;q=1", unknown, "no coding has parameters"],
  ["constructor", unknown, "a name of JavaScript"],
];

for (const [field, expected, why] of cases) {
  t.test(`${field ?? "(none)"}: ${why}`, async (t) => t.same(readEncoding(field, known, 3), expected));
}

t.test("what the operator left out is unknown", async (t) => {
  t.same(readEncoding("br", ["gzip"], 3), unknown);
});

t.test(
  "whatever the field says, what is decoded is known, in its order, and no more than may be",
  async () => {
    const member = fc.oneof(
      fc.constantFrom("gzip", "x-gzip", "br", "ZSTD", "identity", "", "lzw", "__proto__"),
      fc.string(),
    );
    const space = fc.constantFrom("", " ", "\t");
    const field = fc
      .array(
        fc.tuple(space, member, space).map((parts) => parts.join("")),
        { maxLength: 6 },
      )
      .map((members) => members.join(","));
    fc.assert(
      fc.property(field, fc.integer({ min: 1, max: 4 }), (field, most) => {
        const names = field.split(",").map((name) => name.trim().toLowerCase().replace("x-gzip", "gzip"));
        const said = names.filter((name) => name !== "" && name !== "identity");
        const found = readEncoding(field, known, most);
        const isTaken = said.length <= most && said.every((name) => known.includes(name));
        if (!isTaken) return found.kind === "unknown";
        return said.length === 0
          ? found.kind === "plain"
          : "codings" in found && found.codings.join() === said.join();
      }),
      { numRuns: 3000 },
    );
  },
);
