import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import t from "tap";

/** Files and packages that are loaded with a module, types and imports at a later time aside. */
function loadedWith(file: string, loaded = new Set<string>()): Set<string> {
  if (loaded.has(file)) return loaded;
  loaded.add(file);
  const statements = readFileSync(file, "utf8").matchAll(
    /^(?:import|export) (?!type )[^;]*?from "([^"]+)";/gms,
  );
  for (const [, specifier] of statements) {
    if (specifier!.startsWith(".")) loadedWith(resolve(dirname(file), specifier!), loaded);
    else loaded.add(specifier!);
  }
  return loaded;
}

const heavy = ["yaml", "typebox/schema", "typebox/system"];

t.test("a start without a file loads neither the YAML parser nor the schema", async (t) => {
  for (const entry of ["core/cli/run.ts", "core/cli/serve.ts", "core/config/from-flags.ts"]) {
    const loaded = loadedWith(resolve(entry));
    t.same(
      heavy.filter((name) => loaded.has(name)),
      [],
      entry,
    );
  }
});

t.test("a start with a file loads both, so this test would notice", async (t) => {
  const loaded = loadedWith(resolve("core/config/load.ts"));
  t.ok(heavy.every((name) => loaded.has(name)));
});

t.test("a start with a file loads the validator alone, without the rest of typebox", async (t) => {
  const loaded = loadedWith(resolve("core/config/load.ts"));
  t.same([...loaded].filter((name) => name.startsWith("typebox")).sort(), [
    "typebox/schema",
    "typebox/system",
  ]);
});
