import t from "tap";
import { preferenceOf } from "../../../plugins/mock/prefer.ts";

t.test("a preference is read, quoted or not, in whatever order", async (t) => {
  t.same(preferenceOf("code=404"), { code: 404, example: null, isDynamic: false });
  t.same(preferenceOf('respond-async, example="not \\"found\\""; x=1, dynamic=true'), {
    code: null,
    example: 'not "found"',
    isDynamic: true,
  });
  t.same(preferenceOf("CODE = 201, code=500").code, 201, "the first one counts");
});

t.test("what is no status is no preference", async (t) => {
  for (const field of ["code=100", "code=600", "code=4040", "code=", "code", "code=abc", ""]) {
    t.equal(preferenceOf(field).code, null, field);
  }
  t.equal(preferenceOf(null).example, null);
});

t.test("catastrophic backtracking: a long field takes no time", async (t) => {
  const begun = performance.now();
  for (const sign of ["a", '"', '\\"', "a =", ' ="\\']) preferenceOf(`example="${sign.repeat(100_000)}`);
  t.ok(performance.now() - begun < 500);
});
