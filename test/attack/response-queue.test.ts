import t from "tap";
import { get, startGateway } from "../support/gateway.ts";
import { field, readMessage } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

const extra = ok("for someone else");

/** A response, and bytes behind it that answer no request. */
const surpluses: Record<string, [response: string, surplus: string]> = {
  "a second response": [ok("first"), extra],
  "a second interim response": [ok("first"), "HTTP/1.1 103 Early Hints\r\n\r\n"],
  "a body behind Content-Length: 0": [ok(), extra],
  "a body behind 204": ["HTTP/1.1 204 No Content\r\n\r\n", extra],
  "a body behind 304": [`HTTP/1.1 304 Not Modified\r\nContent-Length: ${extra.length}\r\n\r\n`, extra],
  "a response behind the last chunk": [
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    extra,
  ],
  "a line feed": [ok("first"), "\n"],
};

for (const [name, [response, surplus]] of Object.entries(surpluses)) {
  for (const when of ["with the response", "later"]) {
    t.test(`response queue poisoning fails [CVE-2026-48931]: ${name}, ${when}`, async (t) => {
      const upstream = await startUpstream(t, (_request, peer) => {
        if (peer !== upstream.connections[0]) return ok("own");
        return when === "later" ? response : response + surplus;
      });
      const proxy = await startGateway(t, upstream.address);
      const [attacker, victim] = [await proxy.connect(), await proxy.connect()];
      attacker.write(get("/attack"));
      await readMessage(attacker);
      const poisoned = upstream.connections[0]!;
      if (when === "later") {
        poisoned.write(surplus);
        await poisoned.ended();
      }
      victim.write(get("/victim"));
      t.equal((await readMessage(victim)).body, "own");
      await poisoned.ended();
      t.equal(attacker.text, "", "the attacker gets no more than its response");
    });
  }
}

t.test("a body of a response to HEAD answers nobody else", async (t) => {
  const upstream = await startUpstream(t, ({ startLine }) =>
    startLine.startsWith("HEAD") ? extra : ok("own"),
  );
  const proxy = await startGateway(t, upstream.address);
  t.equal((await proxy.ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")).status, 200);
  await upstream.connections[0]!.ended();
  t.equal((await proxy.ask(get())).body, "own");
});

t.test(
  "a request that was answered early is not the beginning of the next one [CVE-2025-4366]",
  async (t) => {
    const upstream = await startUpstream(t);
    const proxy = await startGateway(t, upstream.address);
    const client = await proxy.connect();
    client.write("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n");
    const peer = await upstream.connection();
    await peer.take("\r\n\r\n");
    peer.write(ok("early"));
    const response = await readMessage(client);
    t.equal(response.body, "early");
    t.equal(field(response, "connection"), "close");
    client.write(get("/smuggled").padEnd(100, "x"));
    await peer.ended();
    t.equal(await client.takeRest(), "");
    t.equal(peer.text, "");
    t.equal(upstream.connections.length, 1);
  },
);

const splitting: Record<string, string> = {
  "a bare CR in a field": "HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: evil\r\nContent-Length: 0\r\n\r\n",
  "a bare LF in a field": "HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: evil\r\nContent-Length: 0\r\n\r\n",
  "a bare LF in the reason": "HTTP/1.1 200 OK\nSet-Cookie: evil\r\nContent-Length: 0\r\n\r\n",
  "a folded field": "HTTP/1.1 200 OK\r\nX: a\r\n Set-Cookie: evil\r\nContent-Length: 0\r\n\r\n",
  "a NUL in a field": "HTTP/1.1 200 OK\r\nX: a\0Set-Cookie: evil\r\nContent-Length: 0\r\n\r\n",
  "both framings": `HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${extra}`,
  "two lengths": `HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 9\r\n\r\n${extra}`,
  "chunks in HTTP/1.0": `HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${extra}`,
  "a chunk size of 2^64": `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n${extra}`,
};

for (const [name, response] of Object.entries(splitting)) {
  t.test(`response splitting fails: ${name}`, async (t) => {
    const upstream = await startUpstream(t, () => response);
    const proxy = await startGateway(t, upstream.address);
    const client = await proxy.connect();
    client.write(get());
    const answer = await readMessage(client);
    t.equal(answer.status, 502);
    t.equal(field(answer, "set-cookie"), null);
    await upstream.connections[0]!.ended();
    t.equal(client.text, "");
    t.notMatch(answer.body, "evil");
  });
}
