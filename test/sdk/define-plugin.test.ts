import t from "tap";
import { definePlugin } from "../../sdk/index.ts";

t.test("definePlugin returns the plugin as it is", async (t) => {
  const plugin = { name: "tenant", onRequest() {} };
  t.equal(definePlugin(plugin), plugin);
});
