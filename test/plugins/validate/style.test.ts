import fc from "fast-check";
import t from "tap";
import { problemIn, type Shape, type Style, valueIn } from "../../../plugins/validate/openapi/style.ts";

const text: Shape = { kind: "whole", types: new Set(["string"]) };
const number: Shape = { kind: "whole", types: new Set(["integer"]) };
const list: Shape = { kind: "list", types: new Set(["string"]) };
const color: Shape = {
  kind: "object",
  names: ["R", "G", "tags"],
  typesOf: (name) => new Set(name === "tags" ? ["array", "string"] : ["integer"]),
};

const inPath = (style: string, explode: boolean, shape: Shape, segment: string) =>
  valueIn({ url: "", segment, values: [] }, { name: "color", place: "path", style, explode }, shape);
const inQuery = (style: string, explode: boolean, shape: Shape, query: string) =>
  valueIn(
    { url: `https://a.test/x?${query}`, segment: null, values: [] },
    { name: "color", place: "query", style, explode },
    shape,
  );

/** The table of OpenAPI 3.1, section 4.8.12.4. */
t.test("values are read as the specification's examples write them", (t) => {
  const colors = { value: ["blue", "black"] };
  const object = { value: { R: 100, G: 200 } };
  t.same(inPath("simple", false, list, "blue,black"), colors);
  t.same(inPath("simple", true, list, "blue,black"), colors);
  t.same(inPath("simple", false, color, "R,100,G,200"), object);
  t.same(inPath("simple", true, color, "R=100,G=200"), object);
  t.same(inPath("label", false, list, ".blue,black"), colors);
  t.same(inPath("label", true, list, ".blue.black"), colors);
  t.same(inPath("label", false, color, ".R,100,G,200"), object);
  t.same(inPath("label", true, color, ".R=100.G=200"), object);
  t.same(inPath("label", false, text, ".blue"), { value: "blue" });
  t.same(inPath("matrix", false, list, ";color=blue,black"), colors);
  t.same(inPath("matrix", true, list, ";color=blue;color=black"), colors);
  t.same(inPath("matrix", false, color, ";color=R,100,G,200"), object);
  t.same(inPath("matrix", true, color, ";R=100;G=200"), object);
  t.same(inPath("matrix", false, text, ";color=blue"), { value: "blue" });
  t.same(inQuery("form", false, list, "color=blue,black"), colors);
  t.same(inQuery("form", true, list, "color=blue&color=black"), colors);
  t.same(inQuery("form", false, color, "color=R,100,G,200"), object);
  t.same(inQuery("form", true, color, "R=100&G=200&other=1"), object);
  t.same(inQuery("spaceDelimited", false, list, "color=blue%20black"), colors);
  t.same(inQuery("spaceDelimited", false, list, "color=blue+black"), colors);
  t.same(inQuery("pipeDelimited", false, list, "color=blue%7Cblack"), colors);
  t.same(inQuery("pipeDelimited", false, color, "color=R|100|G|200"), object);
  t.same(inQuery("deepObject", true, color, "color[R]=100&color%5BG%5D=200"), object);
  t.same(inQuery("deepObject", true, color, "color[tags]=a&color[tags]=b"), { value: { tags: ["a", "b"] } });
  t.end();
});

t.test("headers and cookies are texts as they are", (t) => {
  const at = (
    place: "header" | "cookie",
    style: string,
    explode: boolean,
    shape: Shape,
    ...values: string[]
  ) => valueIn({ url: "", segment: null, values }, { name: "c", place, style, explode }, shape);
  t.same(at("header", "simple", false, list, "a, b%2C,c"), { value: ["a", "b%2C", "c"] });
  t.same(at("header", "simple", true, color, "R=1, G=2"), { value: { R: 1, G: 2 } });
  t.same(at("cookie", "form", false, list, "a,b"), { value: ["a", "b"] });
  t.same(at("cookie", "form", false, color, "R,1"), { value: { R: 1 } });
  t.equal(at("header", "simple", false, text), "absent");
  t.equal(at("cookie", "form", true, text, "a", "b"), "twice");
  t.end();
});

t.test("a separator that is encoded separates nothing", (t) => {
  t.same(inQuery("form", false, list, "color=a%2Cb,c"), { value: ["a,b", "c"] });
  t.same(inQuery("form", true, text, "color=a%26color%3Db"), { value: "a&color=b" });
  t.same(inPath("simple", true, color, "R=1%2CG=2"), { value: { R: "1,G=2" } });
  t.end();
});

t.test("Attack: what two readers would read differently is refused", (t) => {
  t.equal(inQuery("form", true, number, "color=1&color=2"), "twice");
  t.equal(inQuery("form", true, number, "color=1&col%6Fr=2"), "twice");
  t.equal(inQuery("form", false, list, "color=a&color=b"), "twice");
  t.equal(inQuery("form", true, color, "R=1&R=2"), "twice");
  t.equal(inQuery("deepObject", true, color, "color[R]=1&color[R]=2"), "twice");
  t.equal(inQuery("form", false, color, "color=R,1,R,2"), "twice");
  t.end();
});

t.test("Attack: what is not well-formed is refused and throws nothing", (t) => {
  for (const query of ["color[R][x]=1", "color[]=1", "color[R=1", "color[R]x=1", "color[[R]]=1"])
    t.equal(inQuery("deepObject", true, color, query), "malformed", query);
  for (const query of ["color=%", "color=%zz", "color=%ff", "color=%c0%af"])
    t.equal(inQuery("form", true, text, query), "malformed", query);
  for (const segment of ["R,1,G", "R=1,G", "blue"])
    t.equal(inPath("label", true, color, segment), "malformed", segment);
  t.equal(inPath("matrix", true, list, ";color=a;colour=b"), "malformed");
  t.equal(inPath("simple", false, color, "R"), "malformed");
  t.same(inQuery("deepObject", true, color, "color[__proto__]=1"), { value: JSON.parse('{"__proto__":1}') });
  t.end();
});

t.test(
  "Attack: a long run of white space inside of a header costs no more than its length (CWE-1333)",
  (t) => {
    const run = " ".repeat(200_000);
    const before = performance.now();
    const found = valueIn(
      { url: "", segment: null, values: [`a${run}b${run},\tc\xa0`] },
      { name: "c", place: "header", style: "simple", explode: false },
      list,
    );
    t.same(found, { value: [`a${run}b`, "c\xa0"] }, "no other character is white space there");
    t.ok(performance.now() - before < 1000);
    t.end();
  },
);

t.test("whatever is sent, a parameter is found or it is not", (t) => {
  const styles: Style[] = [
    ...["simple", "label", "matrix"].flatMap((style) =>
      [true, false].map((explode) => ({ name: "c", place: "path", style, explode }) as const),
    ),
    ...["form", "spaceDelimited", "pipeDelimited", "deepObject"].flatMap((style) =>
      [true, false].map((explode) => ({ name: "c", place: "query", style, explode }) as const),
    ),
  ];
  const part = fc.constantFrom("c", "R", "=", "&", ",", ";", ".", "[", "]", "%", "%2C", "|", "+", "1", "é");
  const sent = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(
      fc.constantFrom(...styles),
      fc.constantFrom(text, number, list, color),
      sent,
      (style, shape, each) => {
        if (problemIn(style, shape) !== null) return;
        const found = valueIn(
          { url: `https://a.test/?${each}`, segment: each, values: [each] },
          style,
          shape,
        );
        if (typeof found === "string") return;
        const { value } = found;
        const kind = Array.isArray(value) ? "list" : typeof value === "object" ? "object" : "whole";
        if (kind !== shape.kind) throw new Error(`${kind} for ${shape.kind}`);
      },
    ),
    { numRuns: 2000 },
  );
  t.end();
});

t.test("what no text can be is refused when it is loaded", (t) => {
  const problem = (place: Style["place"], style: string, explode: boolean, shape: Shape) =>
    problemIn({ name: "c", place, style, explode }, shape);
  t.match(problem("path", "form", false, text), /simple, label, matrix/);
  t.match(problem("header", "form", false, text), /simple/);
  t.match(problem("query", "deepObject", true, list), /for objects/);
  t.match(problem("query", "pipeDelimited", true, color), /explode/);
  t.match(problem("cookie", "form", true, color), /explode/);
  t.equal(problem("query", "form", true, color), null);
  t.end();
});
