import t, { type Test } from "tap";
import { startGateway } from "../support/gateway.ts";
import { field, type Message, readMessage } from "../support/message.ts";
import { PeerEnded, type RawPeer } from "../support/raw-peer.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";
import { type RefusedCase, refusedCases } from "./refused-cases.ts";
import { sendPieces } from "./send-pieces.ts";

const ways: Record<string, (upstream: RawPeer, bytes: Buffer) => void | Promise<void>> = {
  whole: (upstream, bytes) => upstream.write(bytes),
  "in pieces": sendPieces,
};

for (const [name, cases] of refusedCases("response")) {
  t.test(name, async (t) => {
    for (const refused of cases) {
      t.test(`${refused.title}: refused end to end`, async (t) => {
        for (const way of Object.keys(ways)) await attack(t, refused, way);
      });
    }
  });
}

async function attack(t: Test, refused: RefusedCase, way: string): Promise<void> {
  const upstream = await startUpstream(t, async (_request, peer) => {
    if (peer !== upstream.connections[0]) return ok("next");
    await ways[way]!(peer, refused.input);
    if (refused.closes) peer.close();
    return null;
  });
  const proxy = await startGateway(t, upstream.address, { limits: refused.limits });
  const method = refused.answers[0] ?? "GET";
  const client = await proxy.connect();
  client.write(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`);
  assertAnswer(t, refused, way, await readFinal(client, method));
  await upstream.connections[0]!.ended();
  const { received } = upstream.connections[0]!;
  t.equal((await proxy.ask("GET /n HTTP/1.1\r\nHost:a\r\n\r\n")).body, "next", `${way}: goes on`);
  t.equal(upstream.connections[0]!.received, received, `${way}: the connection is not used again`);
}

/** The final response; null when it is visibly broken. */
async function readFinal(client: RawPeer, method: string): Promise<Message | null> {
  try {
    for (;;) {
      const message = await readMessage(client, { bodyless: method === "HEAD" });
      if (message.status >= 200) return message;
    }
  } catch (error) {
    if (!(error instanceof PeerEnded)) throw error;
    return null;
  }
}

function assertAnswer(t: Test, { code, earlier }: RefusedCase, way: string, answer: Message | null): void {
  if (earlier.length > 0) {
    t.equal(answer?.status, Number(earlier[0]!.slice(0, 3)), `${way}: what came before is the answer`);
  } else if (answer !== null) {
    t.equal(answer.status, 502, `${way}: status`);
    t.equal(field(answer, "content-type"), "application/problem+json", `${way}: problem details`);
  } else {
    t.ok(way === "in pieces" || code === "response_truncated", `${way}: broken, as its head had passed`);
  }
}
