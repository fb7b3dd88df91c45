import t from "tap";
import { tagsOf } from "../../../plugins/cache/tags.ts";

t.test("tags are separated by commas or spaces, and each counts once", async (t) => {
  t.same(tagsOf("a b, c,,a"), ["a", "b", "c"]);
  t.same(tagsOf(null), []);
});

t.test("a flood of tags, or an endless one, takes no more than a bounded place", async (t) => {
  const many = Array.from({ length: 5000 }, (_, number) => `t${number}`);
  t.same(tagsOf(many.join(" ")), many.slice(0, 128));
  t.same(tagsOf(`a ${"x".repeat(257)} ${"y".repeat(256)}`), ["a", "y".repeat(256)]);
});
