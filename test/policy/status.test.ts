/** Statuses without a body, given by policies to responses that have one. */
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { get } from "../support/gateway.ts";
import { readMessage } from "../support/message.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);

const smuggled = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled";

for (const status of [204, 304]) {
  t.test(
    `A body that a policy has given the status ${status} is not taken for the next response`,
    async (t) => {
      const chunked = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;
      let answer = "";
      const upstream = await startUpstream(t, ({ startLine }) =>
        startLine.includes("/next") ? ok("next") : answer,
      );
      for (const members of [
        `onResponse(r) { if (r.headers.get("x-next") === null && r.headers.get("content-length") !== "4") r.status = ${status}; }`,
        `async onResponse(r) { if ((await r.text()) !== "next") r.status = ${status}; }`,
        `onResponse(r) { if (r.headers.get("content-length") !== "4") r.status = ${status}; }, onResponseBody() {}`,
      ]) {
        const gateway = await startPolicyGateway(t, upstream.address, {
          plugins: { "p.ts": `export default { ${members} };` },
        });
        for (answer of [ok(smuggled), chunked]) {
          const client = await gateway.connect();
          client.write(get("/") + get("/next"));
          t.equal((await readMessage(client)).status, status, members);
          t.equal((await readMessage(client)).body, "next", members);
        }
      }
    },
  );
}

t.test("A response without a body that a policy gives another status ends with its head", async (t) => {
  let answer = "";
  const upstream = await startUpstream(t, ({ startLine }) =>
    startLine.includes("/next") ? ok("next") : answer,
  );
  for (const members of [
    "onResponse(r) { r.status = 200; }",
    "async onResponse(r) { await r.text(); r.status = 200; }",
    "onResponse(r) { r.status = 200; }, onResponseBody() {}",
    "onResponse(r) { r.status = 404; r.setBody('none'); }",
  ]) {
    const gateway = await startPolicyGateway(t, upstream.address, {
      plugins: { "p.ts": `export default { ${members} };` },
    });
    for (answer of [
      "HTTP/1.1 204 No Content\r\n\r\n",
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n",
      "HTTP/1.1 304 Not Modified\r\n\r\n",
    ]) {
      const client = await gateway.connect();
      client.write(get("/") + get("/next"));
      const first = await readMessage(client);
      t.match(first.status, members.includes("404") ? 404 : 200, members);
      t.equal(first.body, members.includes("404") ? "none" : "", members);
      t.equal((await readMessage(client)).status, first.status, members);
    }
  }
});
