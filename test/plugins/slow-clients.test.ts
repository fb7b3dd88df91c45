/** Clients that send their bodies slowly to policies that read them. */
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { startBuiltInGateway } from "../support/built-in-gateway.ts";
import { get } from "../support/gateway.ts";
import { readMessage } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);

const json = "Content-Type: application/json\r\n";
const secrets = ["0123456789abcdef0123456789abcdef"];
const readers = [
  ["validate", { schema: true }, json],
  ["transform", { request: [{ json: [{ op: "remove", path: "/a" }] }] }, json],
  ["access", { body: { json: {} } }, json],
  [
    "csrf",
    { tokens: { secrets } },
    "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\n",
  ],
] as const;

for (const [plugin, config, fields] of readers) {
  for (const onFailure of ["closed", "open"] as const) {
    t.test(
      `attack: ${plugin} that fails ${onFailure} neither fails for a slow body nor lets it pass`,
      async (t) => {
        const service = await startUpstream(t, () => ok("here"));
        const settings = { [plugin]: { onFailure, limits: { wall: 200 } } };
        const { ask, connect, log } = await startBuiltInGateway(t, service.address, [{ plugin, config }], {
          settings,
        });
        const client = await connect();
        client.write(`POST / HTTP/1.1\r\nHost: a.test\r\n${fields}Content-Length: 10\r\n\r\n{`);
        const reply = await readMessage(client);
        t.equal(reply.status, 408);
        t.match(JSON.parse(reply.body), { code: "body_timeout" });
        t.equal(await client.ended(), "end", "what is left of the body is nobody's request");
        t.equal(service.connections.length, 0, "the service is not asked");
        t.same(
          log.entries.filter(({ level }) => level === "error"),
          [],
          "and no fault is counted",
        );
        t.equal((await ask(get())).status, 200);
      },
    );
  }
}
