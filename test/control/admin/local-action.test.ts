import type { IncomingMessage } from "node:http";
import t from "tap";
import { act, forThisMachine } from "../../../core/control/admin/action.ts";
import { isThisMachine } from "../../../core/control/admin/host.ts";
import { adminActions } from "../../../core/control/admin/pages.ts";
import type { OperatorValues } from "../../../core/control/operator-values.ts";

const done = { status: 200, contentType: "text/plain", body: "" };

t.test(
  "a client is of this machine on loopback, on a Unix socket, and at the address that it reached",
  async (t) => {
    for (const [client, reached] of [
      ["127.0.0.1", "127.0.0.1"],
      ["127.8.9.1", "127.0.0.1"],
      ["::1", "::1"],
      ["::ffff:127.0.0.1", "::ffff:127.0.0.1"],
      ["10.0.0.5", "10.0.0.5"],
      [undefined, undefined],
    ])
      t.ok(isThisMachine(client, reached), String(client));
    for (const client of ["10.0.0.6", "::ffff:10.0.0.6", "fe80::1", "128.0.0.1", "::2", "::ffff:7f00:1x", ""])
      t.notOk(isThisMachine(client, "10.0.0.5"), client);
  },
);

/** As a request of another machine, which no test on one can be. */
function requestFrom(remoteAddress: string): IncomingMessage {
  const parts = (async function* () {
    yield Buffer.from('{"plugin":"auth","prefix":""}');
  })();
  const headers = { "content-type": "application/json", host: "10.0.0.5:9901" };
  return Object.assign(parts, { headers, socket: { remoteAddress, localAddress: "10.0.0.5" } }) as never;
}

t.test(
  "attack: who reaches a listener for metrics over the network adds a key, or reads the hashes of keys",
  async (t) => {
    const values = { list: () => [] } as unknown as OperatorValues;
    const kv = adminActions({} as never, values)["/kv"]!;
    t.equal((await act(requestFrom("10.0.0.6"), kv)).status, 403);
    t.equal((await act(requestFrom("127.0.0.1"), kv)).status, 200);
    t.equal(
      (await act(requestFrom("10.0.0.6"), () => done)).status,
      200,
      "what gives nobody rights is done for all",
    );
    t.equal(
      (
        await act(
          requestFrom("10.0.0.6"),
          forThisMachine(() => done),
        )
      ).status,
      403,
    );
  },
);
