/** Bodies that a guest waits for and never gets. */
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { nothingHeld, untilNothingHeld } from "../support/holdings.ts";
import { readMessage } from "../support/message.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);
t.setTimeout(120_000);

t.test(
  "Reads that end with their exchange use nothing up: 4500 refused bodies, then a good one",
  async (t) => {
    const upstream = await startUpstream(t, () => ok("upstream"));
    const gateway = await startPolicyGateway(t, upstream.address, {
      plugins: {
        "p.ts":
          "export default { limits: { body: 4 }, async onRequest(r) { return new Response(await r.text()); } };",
      },
    });
    const ask = async (body: string) => {
      const client = await gateway.connect();
      client.write(`POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      const response = await readMessage(client);
      client.socket.destroy();
      return response;
    };
    for (let i = 0; i < 4500; i += 100) {
      const answers = await Promise.all(Array.from({ length: 100 }, () => ask("12345")));
      if (!answers.every(({ status }) => status === 413)) t.fail(`round ${i}`);
    }
    t.match(await ask("1234"), { status: 200, body: "1234" });
    t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld);
  },
);
