import t from "tap";
import { defaultRetry } from "../../core/config/traffic-defaults.ts";
import { startGateway } from "../support/gateway.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.test("of requests at an endpoint that froze, the last ones go elsewhere, too", async (t) => {
  let frozen = false;
  const freezing = await startUpstream(t, () => (frozen ? null : ok("a")));
  const living = await startUpstream(t, () => ok("b"));
  const { ask } = await startGateway(t, [freezing.address, living.address], {
    route: { retry: defaultRetry },
  });
  const get = () => ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  for (let i = 0; i < 60; i++) await get();
  frozen = true;
  const asked = Array.from({ length: 4 }, get);
  let answered = 0;
  for (const one of asked)
    void one.then(
      () => answered++,
      () => {},
    );
  await new Promise((resolve) => setTimeout(resolve, 3000));
  t.equal(answered, 4);
});
