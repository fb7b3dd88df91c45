import t from "tap";
import { get, startGateway } from "../support/gateway.ts";
import { readMessage } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";
import { startJudge } from "./judge.ts";

const chunkedPost = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const KiB = 1024;

const requestBombs: Record<string, [status: number, start: string, endless: string]> = {
  "a request line without end": [414, "GET /", "a"],
  "a field without end": [431, "GET / HTTP/1.1\r\nHost: a\r\nX: ", "a"],
  "fields without end [CVE-2026-21717]": [431, "GET / HTTP/1.1\r\nHost: a\r\n", "a: b\r\n"],
  "empty lines without end": [400, "\r\n", "\r\n"],
  "a chunk extension without end [CVE-2024-22019]": [400, `${chunkedPost}1;a=`, "b"],
  "a chunk size without end": [400, chunkedPost, "0"],
  "a trailer without end": [431, `${chunkedPost}0\r\nX: `, "a"],
  "trailers without end": [431, `${chunkedPost}0\r\n`, "a: b\r\n"],
};

for (const [name, [status, start, endless]] of Object.entries(requestBombs)) {
  t.test(`a client cannot make the proxy collect ${name}`, async (t) => {
    const judge = await startJudge(t);
    const proxy = await startGateway(t, judge.address);
    const client = await proxy.connect();
    client.write(start);
    client.write(endless.repeat((512 * KiB) / endless.length));
    t.equal((await readMessage(client)).status, status);
    t.notOk(
      judge.requests.some(({ complete }) => complete),
      "the endpoint got no whole request",
    );
    t.equal((await proxy.ask(get("/next"))).body, "/next");
  });
}

const responseBombs: Record<string, [start: string, endless: string]> = {
  "a status line without end": ["HTTP/1.1 200 ", "a"],
  "a field without end": ["HTTP/1.1 200 OK\r\nX: ", "a"],
  "fields without end": ["HTTP/1.1 200 OK\r\n", "a: b\r\n"],
  "interim responses without end": ["", "HTTP/1.1 100 Continue\r\n\r\n"],
};

for (const [name, [start, endless]] of Object.entries(responseBombs)) {
  t.test(`an endpoint cannot make the proxy collect ${name}`, async (t) => {
    const upstream = await startUpstream(t, () => start + endless.repeat((512 * KiB) / endless.length));
    const proxy = await startGateway(t, upstream.address);
    const client = await proxy.connect();
    client.write(get());
    let response = await readMessage(client);
    while (response.status < 200) response = await readMessage(client);
    t.equal(response.status, 502);
    await upstream.connections[0]!.ended();
  });
}

const trailerBombs: Record<string, string> = {
  "a chunk extension without end": `1;a=${"b".repeat(64 * KiB)}`,
  "trailers without end": `0\r\n${"a: b\r\n".repeat(16 * KiB)}`,
};

for (const [name, body] of Object.entries(trailerBombs)) {
  t.test(`an endpoint cannot make the proxy pass on ${name}`, async (t) => {
    const upstream = await startUpstream(t);
    const proxy = await startGateway(t, upstream.address);
    const client = await proxy.connect();
    client.write(get());
    const { peer } = await upstream.request();
    peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    await client.take("\r\n\r\n");
    peer.write(body);
    t.equal(await client.ended(), "reset", "the client sees a broken message");
    await peer.ended();
  });
}

const blanks = " ".repeat(30 * KiB);

for (const [name, value] of [
  ["Connection", `close, a${blanks}b`],
  ["TE", `a${blanks}b`],
  ["Via", `a${blanks}b`],
]) {
  t.test(`blanks inside ${name} take linear time (CWE-1333)`, async (t) => {
    const upstream = await startUpstream(t, () => ok());
    const proxy = await startGateway(t, upstream.address);
    const before = process.cpuUsage();
    for (let i = 0; i < 10; i++) {
      t.equal((await proxy.ask(get("/", `${name}: ${value}`))).status, 200);
    }
    const { user } = process.cpuUsage(before);
    // Quadratic, each of them takes some 300 ms.
    t.ok(user < 1_000_000, `${user} µs`);
  });
}

t.test("10 000 pipelined requests are answered in their order, and little is held of them", async (t) => {
  const count = 10_000;
  const upstream = await startUpstream(t, ({ startLine }) => ok(startLine.split(" ")[1]));
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(Array.from({ length: count }, (_, i) => get(`/${i}`)).join(""));
  let wrong = 0;
  for (let i = 0; i < count; i++) if ((await readMessage(client)).body !== `/${i}`) wrong++;
  t.equal(wrong, 0);
  t.equal(upstream.connections.length, 1);
});

t.test("10 000 pipelined requests of which each is answered by the proxy itself", async (t) => {
  const count = 10_000;
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(count));
  let wrong = 0;
  for (let i = 0; i < count; i++) if ((await readMessage(client)).status !== 405) wrong++;
  t.equal(wrong, 0);
});
