import t from "tap";
import { findCycles } from "./cycles.ts";
import { importFault } from "./rooms.ts";
import { loadedImports, localImports, mentions, readSources } from "./sources.ts";

const sources = readSources(["core", "plugins", "sdk"]);

t.test("no import points up or sideways", async (t) => {
  const faults = sources.flatMap((source) =>
    localImports(source)
      .map((imported) => ({ imported, fault: importFault(source.path, imported) }))
      .filter(({ fault }) => fault !== null)
      .map(({ imported, fault }) => `${source.path} imports ${imported}: ${fault}`),
  );
  t.same(faults, []);
});

t.test("no file needs itself: what is loaded at runtime has no import cycle", async (t) => {
  const graph = new Map(sources.map((source) => [source.path, loadedImports(source)]));
  t.same(findCycles(graph), []);
});

t.test("only a runtime adapter (*.deno.ts) mentions the global Deno", async (t) => {
  const users = sources.filter((source) => !source.path.endsWith(".deno.ts") && mentions(source, "Deno"));
  t.same(
    users.map(({ path }) => path),
    [],
  );
});

t.test("the rule refuses an import that points up, sideways or out of the house", async (t) => {
  t.equal(importFault("core/wire/head.ts", "core/errors.ts"), null);
  t.equal(importFault("core/cli/main.ts", "core/wire/head.ts"), null);
  t.equal(importFault("core/policy/plan.ts", "sdk/index.ts"), null);
  t.equal(importFault("core/wire/head.ts", "core/net/listener.ts"), "net stands above wire");
  t.equal(importFault("core/route/table.ts", "core/net/listener.ts"), "net stands beside route");
  t.equal(importFault("core/attic/box.ts", "core/errors.ts"), "attic has no floor");
  t.equal(importFault("core/cli/main.ts", "plugins/cors/index.ts"), "core imports nothing of plugins");
  t.equal(importFault("plugins/cors/index.ts", "core/errors.ts"), "plugins import the sdk alone");
  t.equal(importFault("plugins/cors/index.ts", "plugins/cors/origin.ts"), null);
  t.equal(importFault("plugins/cors/index.ts", "plugins/jwt/key.ts"), "a plugin imports its own files alone");
  t.equal(importFault("plugins/cors/index.ts", "plugins/shared/cel/expression.ts"), null);
  t.equal(
    importFault("plugins/shared/cel/a.ts", "plugins/cors/b.ts"),
    "a plugin imports its own files alone",
  );
  t.equal(importFault("sdk/index.ts", "core/errors.ts"), "sdk imports nothing of the host");
});

t.test("the walk finds a cycle of any length and no cycle where there is none", async (t) => {
  const graph = (edges: Record<string, string[]>) => new Map(Object.entries(edges));
  t.same(findCycles(graph({ a: ["b"], b: ["c"], c: ["a"] })), [["a", "b", "c", "a"]]);
  t.same(findCycles(graph({ a: ["a"] })), [["a", "a"]]);
  t.same(findCycles(graph({ a: ["b", "c"], b: ["c"], c: [] })), []);
});
