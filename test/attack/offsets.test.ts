/** One side leaves at each byte of a message: nothing may be lost, kept or taken for whole. */
import t, { type Test } from "tap";
import { get, startGateway, type TestGateway } from "../support/gateway.ts";
import { type Holdings, nothingHeld, untilNothingHeld } from "../support/holdings.ts";
import { field, type Message, readMessage } from "../support/message.ts";
import { PeerEnded, type RawPeer } from "../support/raw-peer.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";
import { startJudge } from "./judge.ts";

const patience = 5000;
const brief = { clusterTimeouts: { poolIdle: 50 }, timeouts: { keepAlive: 50 } };

type Leave = (peer: RawPeer) => void;

const ways: Record<string, Leave> = {
  ends: (peer) => peer.close(),
  "is reset": (peer) => peer.reset(),
};

const requests: Record<string, string> = {
  "a GET": get("/whole", "X: y"),
  "a POST with a length": "POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
  "a POST in chunks":
    "POST /whole HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nX: y\r\n\r\n",
};

for (const [name, request] of Object.entries(requests)) {
  for (const [way, leave] of Object.entries(ways)) {
    t.test(`a client ${way} at each byte of ${name}`, async (t) => {
      const judge = await startJudge(t);
      const proxy = await startGateway(t, judge.address, brief);
      await everyOffset(request.length - 1, async (offset) => {
        const client = await proxy.connect();
        client.write(request.slice(0, offset));
        leave(client);
        await client.ended();
        client.socket.destroy();
      });
      t.notOk(
        judge.requests.some(({ complete }) => complete),
        "no half request became a whole one",
      );
      t.same(judge.refusals, []);
      await assertServes(t, proxy, "/next");
    });
  }
}

const responses: Record<string, string> = {
  "a response with a length": ok("hello", "X: y"),
  "a response in chunks":
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nX: y\r\n\r\n",
  "an interim and a final response": `HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n${ok("hello")}`,
};

for (const [name, response] of Object.entries(responses)) {
  for (const [way, leave] of Object.entries(ways)) {
    t.test(`an endpoint ${way} at each byte of ${name}`, async (t) => {
      const upstream = await startUpstream(t, ({ startLine }, peer) => {
        if (startLine.includes("/next")) return ok("/next");
        const offset = Number(startLine.split(/[ /]+/)[1]);
        // A reset would overtake what was written before it.
        peer.socket.write(response.slice(0, offset), "latin1", () => leave(peer));
        return null;
      });
      const proxy = await startGateway(t, upstream.address, brief);
      const wrong: number[] = [];
      await everyOffset(response.length - 1, async (offset) => {
        const client = await proxy.connect();
        client.write(get(`/${offset}`));
        const message = await readFinal(client);
        if (message !== null && message.status !== 502) wrong.push(offset);
        if (message !== null && field(message, "content-type") !== "application/problem+json")
          wrong.push(offset);
        client.socket.destroy();
      });
      t.same(wrong, [], "each was a 502 or visibly broken");
      await assertServes(t, proxy, "/next");
    });
  }
}

for (const [name, response] of Object.entries(responses)) {
  for (const [way, leave] of Object.entries(ways)) {
    t.test(`a client ${way} after each byte of ${name}`, async (t) => {
      const sent = new Map<number, PromiseWithResolvers<void>>();
      const upstream = await startUpstream(t, ({ startLine }, peer) => {
        if (startLine.includes("/next")) return ok("/next");
        const offset = Number(startLine.split(/[ /]+/)[1]);
        peer.socket.write(response.slice(0, offset), "latin1", () => sent.get(offset)!.resolve());
        return null;
      });
      const proxy = await startGateway(t, upstream.address, brief);
      await everyOffset(response.length, async (offset) => {
        sent.set(offset, Promise.withResolvers());
        const client = await proxy.connect();
        client.write(get(`/${offset}`));
        await sent.get(offset)!.promise;
        leave(client);
        await client.ended();
        client.socket.destroy();
      });
      await assertServes(t, proxy, "/next");
    });
  }
}

/** A few offsets at a time. */
async function everyOffset(last: number, visit: (offset: number) => Promise<void>): Promise<void> {
  const batch = 8;
  for (let at = 1; at <= last; at += batch) {
    const offsets = Array.from({ length: Math.min(batch, last - at + 1) }, (_, i) => at + i);
    await Promise.all(offsets.map(visit));
  }
}

/** The final response; null when it is visibly broken. */
async function readFinal(client: RawPeer): Promise<Message | null> {
  try {
    for (;;) {
      const message = await readMessage(client);
      if (message.status >= 200) return message;
    }
  } catch (error) {
    if (!(error instanceof PeerEnded)) throw error;
    return null;
  }
}

async function assertServes(t: Test, proxy: TestGateway, path: string): Promise<void> {
  t.equal((await proxy.ask(get(path))).body, path, "the proxy goes on serving");
  const left: Holdings = await untilNothingHeld(proxy, patience);
  t.same(left, nothingHeld, "nothing is held");
}
