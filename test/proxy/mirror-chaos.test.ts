/** Mirrors that do whatever they like, and clients that notice nothing of it. */
import t from "tap";
import { until } from "../net/until.ts";
import { untilNothingHeld } from "../support/holdings.ts";
import { field, type Message, readMessage } from "../support/message.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { type Answer, ok } from "../support/raw-upstream.ts";
import { answerOf, isSilent, resets, startCounting } from "../upstream/endpoints.ts";
import { startMirrored } from "./mirrors.ts";

const behaviours: readonly Answer[] = [
  () => ok("copy"),
  () => answerOf(503, "not now"),
  isSilent,
  resets,
  () => "what?\r\n\r\n",
  () => ok("one") + ok("two"),
  () => "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
  () => ok("x".repeat(300_000)),
  (_, peer) => {
    peer.close();
    return ok("last");
  },
];

/** A request with a body that no other has, of up to 40 000 bytes, in one of its framings. */
function makeRequest(random: Random, number: number): { readonly text: string; readonly body: string } {
  const body = `${number}:`.repeat(random.pick([0, 1, 100, 5000]));
  if (body === "") return { text: `GET /${number} HTTP/1.1\r\nHost: a\r\n\r\n`, body };
  const head = `PUT /${number} HTTP/1.1\r\nHost: a\r\n`;
  if (random.chance(0.5)) return { text: `${head}Content-Length: ${body.length}\r\n\r\n${body}`, body };
  let chunks = "";
  for (let at = 0; at < body.length; ) {
    const part = body.slice(at, at + random.int(1, 9000));
    chunks += `${part.length.toString(16)}\r\n${part}\r\n`;
    at += part.length;
  }
  return { text: `${head}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`, body };
}

const withoutMark = ({ startLine, fields, body }: Message) => ({
  startLine,
  fields: fields.filter(([name]) => name !== "X-Sluice-Mirror"),
  body,
});

t.test("clients get their answers and copies are what was sent, whatever mirrors do", async (t) => {
  const seed = chooseSeed("MIRROR_SEED");
  t.comment(`MIRROR_SEED=${seed}`);
  const random = new Random(seed);
  const main = await startCounting(t, ({ startLine, body }) =>
    ok(`${startLine.split(" ")[1]} ${body.length}`),
  );
  const wild = await startCounting(t, (request, peer) => random.pick(behaviours)(request, peer));
  const proxy = await startMirrored(
    t,
    main.address,
    wild.address,
    { timeout: 200, of: { outlier: null } },
    { clusterTimeouts: { poolIdle: 200 } },
  );
  const requests = Array.from({ length: 300 }, (_, number) => makeRequest(random, number));
  const clients = Array.from({ length: 10 }, (_, first) =>
    requests.map((request, number) => ({ ...request, number })).filter(({ number }) => number % 10 === first),
  );
  await Promise.all(
    clients.map(async (own) => {
      const client = await proxy.connect();
      for (const { text, body, number } of own) {
        for (let at = 0; at < text.length; at += 7000) {
          client.write(text.slice(at, at + 7000));
          if (random.chance(0.3)) await new Promise(setImmediate);
        }
        const { status, body: answer } = await readMessage(client);
        if (status !== 200 || answer !== `/${number} ${body.length}`)
          t.fail(`${number}: ${status} ${answer}`);
      }
      client.close();
    }),
  );
  t.match(await untilNothingHeld(proxy, 5000), {
    ...{ endpointRequests: 0, pending: 0, upstreamConnections: 0, timers: 0 },
  });
  const sent = new Map(main.requests.map((request) => [field(request, "x-request-id"), request]));
  t.equal(sent.size, 300);
  t.ok(wild.requests.length > 150, `${wild.requests.length} copies`);
  for (const copy of wild.requests) {
    const original = sent.get(field(copy, "x-request-id"))!;
    const same = JSON.stringify(withoutMark(copy)) === JSON.stringify(withoutMark(original));
    if (!same) t.same(withoutMark(copy), withoutMark(original));
  }
  const counted = proxy.counted();
  const dropped = counted.dropped.reduce((sum, { count }) => sum + count, 0);
  const refused = counted.failed.find(({ reason }) => reason === "pending_timeout")?.count ?? 0;
  t.equal(counted.sent + dropped + refused, 300, "every request was sent or counted");
  t.ok(counted.failed.length >= 3, JSON.stringify(counted.failed));
});

t.test("a mirror that does not read is left with its copy, and the client is served", async (t) => {
  const main = await startCounting(t, ({ body }) => ok(`${body.length}`));
  const deaf = await startCounting(t, isSilent);
  const proxy = await startMirrored(t, main.address, deaf.address, {
    maxBody: 16 * 1024 * 1024,
    timeout: 300,
  });
  const length = 12 * 1024 * 1024;
  const stops = setInterval(() => {
    for (const { socket } of deaf.connections) socket.pause();
  }, 1);
  t.teardown(() => clearInterval(stops));
  const client = await proxy.connect();
  client.write(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`);
  client.write("x".repeat(length));
  t.match(await readMessage(client), { status: 200, body: `${length}` });
  await until(() => proxy.counted().failed.length > 0);
  t.same(proxy.counted(), {
    sent: 1,
    dropped: [],
    failed: [{ reason: "response_head_timeout", count: 1 }],
  });
  t.equal(proxy.connections().open, 0);
});
