import t from "tap";
import { loadProblem } from "../../core/data/load-problem.ts";
import type { PolicyBundle } from "../../core/policy/bundle.ts";
import { PluginLoadError } from "../../core/policy/load-error.ts";

const text = `import { definePlugin } from "sluice/sdk";
// setup( is explained here
export default definePlugin({
  config: { type: "object" },
  async setup(config) {},
  onRequst(request) {},
});
`;

const bundle: PolicyBundle = {
  runtime: { name: "runtime", code: "" },
  plugins: [
    {
      name: "tenant",
      file: "plugins/10-tenant.ts",
      folder: "plugins",
      script: { name: "sluice:plugin/tenant", code: "" },
      map: JSON.stringify({ sources: ["../lib/x.ts", "10-tenant.ts"], sourcesContent: ["", text] }),
      hash: "1",
    },
  ],
};

t.test("a position in the author's text is shown as it is", async (t) => {
  const position = { file: "plugins/lib.ts", line: 2, column: 3, source: "one\n  two\n" };
  t.same(loadProblem(new PluginLoadError("tenant", "went wrong", position), bundle), {
    file: "plugins/lib.ts",
    line: 2,
    column: 3,
    message: "went wrong",
    frame: "  1 | one\n> 2 |   two\n    |   ^",
  });
});

t.test(
  "without one, the place is where the text speaks of what is wrong, not a comment about it",
  async (t) => {
    const placeOf = (subject: ConstructorParameters<typeof PluginLoadError>[3]) => {
      const problem = loadProblem(new PluginLoadError("tenant", "wrong", null, subject), bundle);
      return `${problem?.file}:${problem?.line}:${problem?.column}`;
    };
    t.equal(placeOf("setup"), "plugins/10-tenant.ts:5:9");
    t.equal(placeOf("config"), "plugins/10-tenant.ts:4:3");
    t.equal(placeOf("export"), "plugins/10-tenant.ts:3:1");
    t.equal(placeOf({ member: "onRequst" }), "plugins/10-tenant.ts:6:3");
    t.equal(placeOf({ member: "gone" }), "plugins/10-tenant.ts:3:1");
    t.equal(placeOf({ member: "(.*" }), "plugins/10-tenant.ts:3:1");
    t.equal(
      placeOf("capabilities"),
      "plugins/10-tenant.ts:3:1",
      "what is not there is the plugin's as a whole",
    );
    t.equal(placeOf(null), "plugins/10-tenant.ts:1:1");
  },
);

t.test("a plugin that the bundle does not have has no place", async (t) => {
  t.equal(loadProblem(new PluginLoadError("gone", "unknown"), bundle), null);
  t.equal(loadProblem(new PluginLoadError("tenant", "unknown"), null), null);
});
