import t from "tap";
import {
  hasFrameAncestors,
  withoutFrameAncestors,
} from "../../../plugins/security-headers/content-policy.ts";

t.test("hasFrameAncestors finds the directive in any policy, whatever its case and its blanks", async (t) => {
  for (const value of [
    "frame-ancestors 'none'",
    "default-src 'self';frame-ancestors 'self'",
    "default-src 'self', img-src *; \tFrame-Ancestors https://a",
    "frame-ancestors",
    ";; frame-ancestors *",
  ]) {
    t.ok(hasFrameAncestors(value), value);
  }
});

t.test("hasFrameAncestors is not misled by what only looks like it", async (t) => {
  for (const value of [
    null,
    "",
    "default-src frame-ancestors",
    "frame-ancestorsx 'none'",
    "x-frame-ancestors 'none'",
    "frame-src 'none'; child-src 'self'",
    "report-uri /frame-ancestors",
  ]) {
    t.notOk(hasFrameAncestors(value), String(value));
  }
});

t.test("withoutFrameAncestors keeps every other directive of every policy", async (t) => {
  for (const [value, rest] of [
    ["frame-ancestors 'none'", ""],
    ["default-src 'self'; frame-ancestors 'none'; img-src *", "default-src 'self'; img-src *"],
    ["default-src 'self', frame-ancestors *, img-src *;FRAME-ANCESTORS a", "default-src 'self', img-src *"],
    ["default-src frame-ancestors;", "default-src frame-ancestors"],
  ] as const) {
    t.equal(withoutFrameAncestors(value), rest);
    t.notOk(hasFrameAncestors(withoutFrameAncestors(value)));
  }
});
