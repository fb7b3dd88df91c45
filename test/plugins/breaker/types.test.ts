/** Node only: the compiler is the judge here, and it says the same wherever it runs. */
import { readFileSync } from "node:fs";
import t from "tap";
import { createAuthorProject } from "../../sdk/author-project.ts";

const readme = readFileSync("plugins/breaker/README.md", "utf8");
const [, ofReadme = ""] = /^```ts\n([\s\S]*?)^```$/m.exec(readme) ?? [];

t.test("an author's plugin that imports it has its types", { skip: "Deno" in globalThis }, async (t) => {
  const project = createAuthorProject({
    "readme.ts": ofReadme,
    "wrong.ts": `import { breaker } from "sluice/plugins/breaker";
export default breaker({ fallback: (request, ctx) => request.method + ctx.config.probes.length });
`,
  });
  t.teardown(() => project.remove());
  t.same(project.problems("readme.ts"), []);
  t.match(project.problems("wrong.ts").join("\n"), /Property 'length' does not exist on type 'number'/);
  t.same(
    project.allProblems().filter((problem) => !problem.includes("length") && !problem.includes("string")),
    [],
    "nor has the compiler anything against the plugin itself",
  );
});
