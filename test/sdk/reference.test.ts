/** Node only: the compiler of TypeScript reads the comments, and it says the same wherever it runs. */
import { readFileSync } from "node:fs";
import t from "tap";
import { referenceFile, renderReference } from "./reference.ts";

t.test("the reference says what the comments say; npm run docs writes it anew", async (t) => {
  t.equal(readFileSync(referenceFile, "utf8"), renderReference());
});

t.test("it has a section for everything that authors import", async (t) => {
  const sections = new Set(renderReference().match(/(?<=^### )\w+$/gm));
  for (const entry of ["sdk/index.ts", "core/testing/index.ts"]) {
    const names = readFileSync(entry, "utf8").match(/(?<=[{,]\s*)\w+(?=\s*[,}])/g);
    for (const name of names!) t.ok(sections.has(name), name);
  }
});
