import t from "tap";
import { get, startGateway } from "../support/gateway.ts";
import { field, readMessage } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.test("a connection carries one request after another, upstream too", async (t) => {
  const upstream = await startUpstream(t, ({ startLine }) => ok(startLine));
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  for (const path of ["/a", "/b", "/c"]) {
    client.write(get(path));
    const response = await readMessage(client);
    t.equal(response.body, `GET ${path} HTTP/1.1`);
    t.equal(field(response, "connection"), null);
  }
  t.equal(upstream.connections.length, 1);
});
