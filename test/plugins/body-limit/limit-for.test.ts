import fc from "fast-check";
import t from "tap";
import { limitFor, type Rule } from "../../../plugins/body-limit/limit-for.ts";

const rules: readonly Rule[] = [
  { methods: ["PUT"], contentTypes: ["image/*"], maxSize: 5 },
  { contentTypes: ["application/json", "text/*"], maxSize: 4 },
  { methods: ["PUT", "PATCH"], maxSize: 3 },
];

const cases: readonly [method: string, contentType: string | null, limit: number, why: string][] = [
  ["PUT", "image/png", 5, "the first rule that fits"],
  ["POST", "image/png", 9, "not with another method"],
  ["POST", "application/json", 4, "by type alone"],
  ["POST", "APPLICATION/JSON; charset=utf-8", 4, "case and parameters are of no matter"],
  ["PUT", "text/plain", 4, "the order of the rules counts"],
  ["PUT", null, 3, "without a type, by method alone"],
  ["POST", null, 9, "no rule fits"],
  ["POST", "imagery/png", 9, "a longer type is another one"],
  ["POST", "application/jsonp", 9, "so is a longer subtype"],
];

for (const [method, contentType, limit, why] of cases) {
  t.test(`${method} of ${contentType ?? "no type"}: ${why}`, async (t) => {
    const headers = new Headers(contentType === null ? {} : { "content-type": contentType });
    t.equal(limitFor({ method, headers }, rules, 9), limit);
  });
}

t.test(
  "whatever a request says, the first rule that is for it counts, and others change nothing",
  async () => {
    const type = fc.constantFrom("image/png", "image/gif", "text/plain", "application/json");
    const rule = fc.record({
      methods: fc.option(fc.array(fc.constantFrom("PUT", "POST"), { minLength: 1 }), { nil: undefined }),
      contentTypes: fc.option(
        fc.array(fc.oneof(type, fc.constantFrom("image/*", "text/*")), { minLength: 1 }),
        {
          nil: undefined,
        },
      ),
      maxSize: fc.nat(),
    });
    const said = fc.tuple(type, fc.constantFrom("", "; q=1", ";charset=utf-8"), fc.boolean());
    fc.assert(
      fc.property(
        fc.array(rule),
        fc.constantFrom("PUT", "POST", "GET"),
        said,
        fc.nat(),
        (rules, method, said, usual) => {
          const [type, parameters, isLoud] = said;
          const headers = new Headers({
            "content-type": `${isLoud ? type.toUpperCase() : type}${parameters}`,
          });
          const first = rules.find(
            ({ methods = [method], contentTypes = ["*"] }) =>
              methods.includes(method) &&
              contentTypes.some((each) => ["*", type, type.replace(/\/.*/, "/*")].includes(each)),
          );
          return limitFor({ method, headers }, rules, usual) === (first?.maxSize ?? usual);
        },
      ),
      { numRuns: 2000 },
    );
  },
);
