import t from "tap";
import { parseCommandLine } from "../../core/cli/args.ts";
import { configFromFlags } from "../../core/config/from-flags.ts";

function pluginsOf(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const command = parseCommandLine(["--upstream", "http://a", ...argv], env);
  return "overrides" in command ? configFromFlags(command.overrides).plugins : null;
}

t.test("folders of plugins and of their state come from flags, or else from variables", async (t) => {
  t.match(pluginsOf([]), { directory: null, state: null });
  t.match(pluginsOf(["--plugins", "./plugins", "--state", "/var/lib/sluice"]), {
    directory: "./plugins",
    state: "/var/lib/sluice",
  });
  const env = { SLUICE_PLUGINS: "env", SLUICE_STATE: "state" };
  t.match(pluginsOf([], env), { directory: "env", state: "state" });
  t.match(pluginsOf(["--plugins", "flag"], env), { directory: "flag", state: "state" });
});
