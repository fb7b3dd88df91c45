import fc from "fast-check";
import t from "tap";
import { PathTable } from "../../../../plugins/shared/openapi/path-table.ts";
import { PathTemplate } from "../../../../plugins/shared/openapi/path-template.ts";

/** What the template means, said by an engine that goes back. */
function expressionOf(template: string): RegExp {
  return new RegExp(`^${template.replaceAll(/\{[^}]*\}/g, "([^/]+)")}$`);
}

t.test("values are those of an expression that takes as much as it can for each parameter", async () => {
  const template = fc
    .array(fc.constantFrom("/", "a", "-", "{x}", "{y}"), { maxLength: 8 })
    .map((parts) => `/${parts.join("")}`);
  const path = fc
    .array(fc.constantFrom("/", "a", "-", "b"), { maxLength: 10 })
    .map((signs) => `/${signs.join("")}`);
  fc.assert(
    fc.property(template, path, (template, path) => {
      const expected = expressionOf(template).exec(path)?.slice(1) ?? null;
      return JSON.stringify(new PathTemplate(template).values(path)) === JSON.stringify(expected);
    }),
    { numRuns: 5000, examples: [["/{x}-{y}", "/a-b-c"]] },
  );
});

t.test("behind the path of a server the values are the same", async (t) => {
  const template = new PathTemplate("/pets/{id}.{type}");
  t.same(template.names, ["id", "type"]);
  for (const base of ["", "/v1", "/v1/pets"])
    t.same(template.valuesAtEnd(`${base}/pets/7.json`), ["7", "json"]);
  t.equal(template.valuesAtEnd("/7.json"), null);
});

t.test("a template without parameters goes before one with some", async (t) => {
  const table = new PathTable<string>();
  for (const template of ["/{a}/{b}", "/a/{b}", "/a/b"]) table.add(template, template);
  t.same(
    ["/a/b", "/a/c", "/c/c", "/c"].map((path) => table.find(path)),
    ["/a/b", "/a/{b}", "/{a}/{b}", undefined],
  );
});

t.test(
  "Attack: a path of separators on a template with several parameters in a segment takes no time",
  async (t) => {
    const table = new PathTable<string>();
    table.add("/{year}-{month}-{day}-{hour}/events", "events");
    const begun = performance.now();
    t.equal(table.find(`/${"-".repeat(100_000)}/event`), undefined);
    t.equal(table.find(`/${"-".repeat(100_000)}/events`), "events");
    t.ok(performance.now() - begun < 1000);
  },
);
