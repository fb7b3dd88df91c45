import { createHash } from "node:crypto";
import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { field, readMessage } from "../../support/message.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

const key = createHash("sha256").update("secret").digest("hex");
const auth = {
  plugin: "auth",
  config: { strategies: [{ type: "api-key", keys: [{ key, subject: "me" }] }] },
};
const scanned = { plugin: "access", config: { body: { json: {} } } };
const decoded = { plugin: "decompress", config: { requests: "decode" } };
const limited = { plugin: "body-limit", config: {} };

t.test(
  "attack: forged fields in trailers, which there are servers that take for fields [CVE-2013-5704]",
  async (t) => {
    const service = await startUpstream(t, (request) =>
      ok(JSON.stringify([field(request, "x-auth-subject"), request.body, request.trailers])),
    );
    const head = [
      "POST / HTTP/1.1",
      "Host: a",
      "X-Api-Key: secret",
      "TE: trailers",
      "Transfer-Encoding: chunked",
      "Trailer: X-Auth-Subject",
    ].join("\r\n");
    const end = "X-Auth-Subject: admin\r\nX-Auth_Groups: root\r\nX-Sum: 7\r\n\r\n";
    for (const uses of [[auth], [auth, scanned], [auth, decoded], [limited, auth], [scanned, auth]]) {
      const { ask, connect } = await startBuiltInGateway(t, service.address, uses);
      const names = uses.map(({ plugin }) => plugin).join(", ");
      t.equal((await ask(`${head}\r\n\r\n3\r\n[1]\r\n0\r\n${end}`)).body, '["me","[1]",[]]', names);
      const client = await connect();
      client.write(`${head}\r\n\r\n3\r\n[1]\r\n`);
      await new Promise((resolve) => setImmediate(resolve));
      client.write(`0\r\n${end}`);
      t.equal((await readMessage(client)).body, '["me","[1]",[]]', `${names}, later than the head`);
      client.close();
    }
    const { ask } = await startBuiltInGateway(t, service.address, [limited]);
    const passed = await ask(`${head}\r\n\r\n3\r\n[1]\r\n0\r\n${end}`);
    t.match(passed.body, /"X-Sum","7"/, "where nobody is known they pass, as they are the client's");
  },
);
