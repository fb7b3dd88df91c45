/** The cache behind a real listener, before a real service. */
import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { until } from "../../net/until.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { get } from "../../support/gateway.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

const fresh = "Cache-Control: max-age=60";
const cache = { plugin: "cache", config: { collapse: { timeout: 4 } } };

t.test("a thousand clients want the same and the service is asked once", async (t) => {
  const answered = Promise.withResolvers<void>();
  let asked = 0;
  const service = await startUpstream(t, async () => {
    asked++;
    await answered.promise;
    return ok("for all", fresh);
  });
  const gateway = await startBuiltInGateway(t, service.address, [cache]);
  const first = gateway.ask(get());
  await until(() => asked === 1);
  const others = Array.from({ length: 999 }, () => gateway.ask(get()));
  await until(() => gateway.counts.length === 999);
  answered.resolve();
  const bodies = (await Promise.all([first, ...others])).map(({ body }) => body);
  t.equal(bodies.filter((body) => body === "for all").length, 1000);
  t.equal(asked, 1);
});

t.test("the first of a hundred dies, again and again, and the others get their answer", async (t) => {
  let asked = 0;
  const service = await startUpstream(t, async (_, peer) => {
    asked++;
    if (asked > 5) return ok("for all", fresh);
    peer.socket.destroy();
    return null;
  });
  const gateway = await startBuiltInGateway(t, service.address, [cache]);
  const answers = await Promise.all(Array.from({ length: 100 }, () => gateway.ask(get())));
  t.equal(answers.filter(({ status }) => status === 502).length, 5);
  t.equal(answers.filter(({ body }) => body === "for all").length, 95);
  t.equal(asked, 6);
});
