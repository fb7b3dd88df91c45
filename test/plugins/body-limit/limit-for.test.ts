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
