/** Attacks that make a shared cache work or grow, or keep what is not whole, through a real listener. */
import t, { type Test } from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { until } from "../../net/until.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { get } from "../../support/gateway.ts";
import { field, type Message } from "../../support/message.ts";
import type { RawPeer } from "../../support/raw-peer.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

const fresh = "Cache-Control: max-age=60";

async function start(
  t: Test,
  answer: (request: Message, number: number, peer: RawPeer) => string | null,
  config: object = {},
) {
  let asked = 0;
  const service = await startUpstream(t, (request, peer) => answer(request, ++asked, peer));
  const gateway = await startBuiltInGateway(t, service.address, [{ plugin: "cache", config }]);
  return { ask: gateway.ask, gateway, asked: () => asked };
}

const isHit = (answer: Message) => /; hit/.test(field(answer, "cache-status") ?? "");

for (const [what, range] of [
  ["a thousand ranges", `bytes=${Array.from({ length: 1000 }, (_, i) => `${i}-${i}`).join()}`],
  ["ranges that overlap", "bytes=0-,1-,2-,3-,4-"],
  ["the same range many times", `bytes=${Array.from({ length: 500 }, () => "0-99999").join()}`],
  ["a range beyond all numbers", "bytes=0-99999999999999999999999999"],
  ["a range that ends before it begins", "bytes=5-4"],
  ["a unit that there is not", "lines=1-2"],
  ["a range without numbers", "bytes=-"],
  ["a negative range", "bytes=--5"],
] as const) {
  t.test(`range bomb: ${what} brings the body once, at most`, async (t) => {
    const body = "x".repeat(100_000);
    const { ask, asked } = await start(t, () => ok(body, fresh));
    await ask(get());
    const answer = await ask(get("/", `Range: ${range}`));
    t.ok(isHit(answer));
    t.equal(answer.body, body);
    t.equal(asked(), 1);
  });
}

t.test("a range that is not there is refused with the length, from what is kept", async (t) => {
  const { ask } = await start(t, () => ok("0123456789", fresh));
  await ask(get());
  for (const range of ["bytes=10-", "bytes=99999999999999999999-", "bytes=-0"]) {
    const answer = await ask(get("/", `Range: ${range}`));
    t.same([answer.status, field(answer, "content-range"), answer.body], [416, "bytes */10", ""], range);
  }
});

t.test("a part that the service sends is never kept as the whole", async (t) => {
  const part = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/10\r\nContent-Length: 4\r\n";
  const { ask } = await start(t, (request) =>
    field(request, "range") === null ? ok("0123456789", fresh) : `${part}${fresh}\r\n\r\n0123`,
  );
  t.equal((await ask(get("/", "Range: bytes=0-3"))).body, "0123");
  t.equal((await ask(get())).body, "0123456789");
});

const head = `HTTP/1.1 200 OK\r\n${fresh}\r\n`;
for (const [what, broken] of [
  ["shorter than it says", `${head}Content-Length: 100\r\n\r\nonly this`],
  ["in chunks without the last one", `${head}Transfer-Encoding: chunked\r\n\r\n4\r\nonly\r\n`],
  ["in a chunk that breaks off", `${head}Transfer-Encoding: chunked\r\n\r\nff\r\nonly this`],
  [
    "of a kind that is framed in two ways",
    `${head}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n`,
  ],
] as const) {
  t.test(`truncation: a body ${what} is not kept`, async (t) => {
    const { ask } = await start(t, (_, number, peer) => {
      if (number > 1) return ok("whole", fresh);
      peer.write(broken);
      peer.close();
      return null;
    });
    await ask(get()).catch(() => {});
    const second = await ask(get());
    t.equal(second.body, "whole");
    t.notOk(isHit(second));
  });
}

t.test(
  "truncation: a body that ends with a reset is not kept where only the end of the connection ends it",
  async (t) => {
    const { ask } = await start(t, (_, number, peer) => {
      if (number > 1) return ok("whole", fresh);
      peer.write(`${head}\r\nonly this`);
      setTimeout(() => peer.socket.resetAndDestroy(), 20);
      return null;
    });
    await ask(get()).catch(() => {});
    const second = await ask(get());
    t.equal(second.body, "whole");
    t.notOk(isHit(second));
  },
);

t.test("truncation: a client that leaves in the middle leaves no half behind", async (t) => {
  const service: { peer?: RawPeer } = {};
  const { ask, gateway, asked } = await start(t, (_, number, peer) => {
    if (number > 1) return ok("whole", fresh);
    service.peer = peer;
    return `${head}Content-Length: 10\r\n\r\nhalf`;
  });
  const client = await gateway.connect();
  client.write(get());
  await until(() => asked() === 1);
  client.socket.resetAndDestroy();
  await gateway.record(1);
  service.peer!.write(" there");
  t.equal((await ask(get())).body, "whole");
});

t.test("Vary: * is an answer to one request", async (t) => {
  const { ask } = await start(t, (_, number) => ok(`answer ${number}`, fresh, "Vary: *"));
  await ask(get());
  t.equal((await ask(get())).body, "answer 2");
});

t.test("Vary bomb: as many values as a client likes fill a few places", async (t) => {
  const kind = (request: Message) => field(request, "x-kind") ?? "none";
  const { ask, asked } = await start(t, (request) => ok(kind(request), fresh, "Vary: X-Kind"), {
    maxVariants: 4,
  });
  for (let i = 0; i < 50; i++) await ask(get("/", `X-Kind: ${i}`));
  t.ok(isHit(await ask(get("/", "X-Kind: 49"))));
  t.ok(isHit(await ask(get("/", "X-Kind: 46"))));
  t.notOk(isHit(await ask(get("/", "X-Kind: 45"))), "it had to go");
  t.equal(asked(), 51);
});

t.test("Vary bomb: what a response varies by may be long, and is not kept then", async (t) => {
  const names = Array.from({ length: 80 }, (_, i) => `X-${i}`);
  const { ask } = await start(t, (_, number) => ok(`answer ${number}`, fresh, `Vary: ${names.join()}`));
  const request = get("/", ...names.map((name) => `${name}: ${"v".repeat(100)}`));
  await ask(request);
  t.equal((await ask(request)).body, "answer 2");
  await ask(get());
  t.equal((await ask(get())).body, "answer 3", "a client that sends none of them is served as ever");
});
