/** What `fetch` takes is loaded with a plugin that has it, not while its first request waits. */
import * as modules from "node:module";
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);

const skip = "Deno" in globalThis && "module hooks are Node's";

t.test(
  "undici is loaded before a plugin that fetches is in service, and for no other",
  { skip },
  async (t) => {
    let count = 0;
    modules.registerHooks({
      load(url, context, next) {
        if (url.includes("/undici/")) count++;
        return next(url, context);
      },
    });
    const upstream = await startUpstream(t, () => ok("upstream"));
    const start = (members: string) =>
      startPolicyGateway(t, upstream.address, { plugins: { "p.ts": `export default { ${members} };` } });
    await start("onRequest() {}");
    t.equal(count, 0);
    await start('async onRequest() { await fetch("http://a.test/"); }');
    t.ok(count > 0);
  },
);
