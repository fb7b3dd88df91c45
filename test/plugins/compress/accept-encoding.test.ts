import fc from "fast-check";
import t from "tap";
import { type Coding, chooseCoding } from "../../../plugins/compress/accept-encoding.ts";

const all: readonly Coding[] = ["zstd", "br", "gzip"];

const cases: readonly [
  field: string | null,
  offered: readonly Coding[],
  chosen: Coding | null,
  why: string,
][] = [
  [null, all, null, "a client that says nothing most often knows none"],
  ["", all, null, "an empty field wants none (RFC 9110 section 12.5.3)"],
  ["gzip", all, "gzip", "the only one that both know"],
  ["gzip, deflate, br, zstd", all, "zstd", "the first one on offer among equals"],
  ["gzip, deflate, br, zstd", ["gzip", "br"], "gzip", "in the order of the config, not of the client"],
  ["gzip;q=1.0, br;q=0.9", all, "gzip", "the one that the client likes best"],
  ["gzip;q=0.001", all, "gzip", "a small weight is one"],
  ["gzip;q=0, br", all, "br", "q=0 excludes"],
  ["gzip;q=0", all, null, "and leaves none"],
  ["*", all, "zstd", "the wildcard stands for all"],
  ["*;q=0", all, null, "and excludes all"],
  ["*, zstd;q=0", all, "br", "but those that are named"],
  ["*;q=0.5, gzip", all, "gzip", "a name goes before the wildcard"],
  ["identity", all, null, "none of ours is accepted"],
  ["identity;q=1, gzip;q=0.5", all, null, "rather none"],
  ["identity;q=0.5, gzip;q=0.5", all, "gzip", "as soon gzip"],
  ["identity;q=0", all, null, "there is nothing that the client accepts: it gets what there is"],
  ["gzip, identity;q=0", all, "gzip", "identity is out of the question"],
  ["compress, lzw", all, null, "codings that nobody here knows"],
  ["x-gzip", all, "gzip", "the old name (section 8.4.1.3)"],
  ["GZIP; Q=0.5", all, "gzip", "case is of no matter"],
  [" gzip ;q=0.8 ,, br ; q=0.9", all, "br", "space and empty members are allowed"],
  ["gzip;q=2", all, null, "a weight above 1 is none"],
  ["gzip;q=-1", all, null, "nor is a negative one"],
  ["gzip;q=0.1234", all, null, "three digits at most"],
  ["gzip;q=", all, null, "nor is nothing"],
  ["gzip;level=9", all, null, "codings have no parameters but q"],
  ["gzip;q=0, gzip;q=1", all, null, "the first word on one counts"],
  ["gzipped", all, null, "a longer name is another one"],
  ["br", ["gzip"], null, "what is not offered is not taken"],
];

for (const [field, offered, chosen, why] of cases) {
  t.test(`${field ?? "(none)"} of ${offered.join(", ")}: ${why}`, async (t) =>
    t.equal(chooseCoding(field, offered), chosen),
  );
}

t.test("whatever a client sends, one is chosen that it did not exclude, or none", async (t) => {
  const name = fc.constantFrom("gzip", "br", "zstd", "deflate", "identity", "*", "x", "");
  const member = fc
    .tuple(name, fc.constantFrom("", ";q=0", ";q=0.5", ";q=1", ";q=9", ";"))
    .map(([coding, weight]) => coding + weight);
  const field = fc.oneof(
    fc.array(member).map((members) => members.join(",")),
    fc.string(),
  );
  const isRight = fc.property(field, (text) => {
    const chosen = chooseCoding(text, all);
    return chosen === null || (all.includes(chosen) && /gzip|br|zstd|\*/i.test(text));
  });
  t.doesNotThrow(() => fc.assert(isRight));
});
