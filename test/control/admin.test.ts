import { connect } from "node:net";
import { text } from "node:stream/consumers";
import t, { type Test } from "tap";
import { listenAdmin } from "../../core/control/admin.ts";
import type { AdminPages } from "../../core/control/admin-page.ts";

const pages: AdminPages = {
  "/ok": () => ({ status: 200, contentType: "text/plain", body: "fine\n" }),
  "/broken": () => {
    throw new Error("secret detail");
  },
};

async function startAdmin(t: Test): Promise<string> {
  const admin = await listenAdmin({ host: "127.0.0.1", port: 0 }, pages);
  t.teardown(() => admin.close());
  if ("path" in admin.address) throw new Error("Expected a port");
  return `http://127.0.0.1:${admin.address.port}`;
}

t.test("listenAdmin answers GET and HEAD", async (t) => {
  const url = await startAdmin(t);
  const response = await fetch(`${url}/ok?verbose`);
  t.equal(response.status, 200);
  t.equal(response.headers.get("cache-control"), "no-store");
  t.equal(await response.text(), "fine\n");
  const head = await fetch(`${url}/ok`, { method: "HEAD" });
  t.equal(head.headers.get("content-length"), "5");
});

t.test("listenAdmin answers what it refuses as problem+json", async (t) => {
  const url = await startAdmin(t);
  const missing = await fetch(`${url}/constructor`);
  t.equal(missing.status, 404);
  t.equal(missing.headers.get("content-type"), "application/problem+json");
  t.match(await missing.json(), { status: 404, title: String });
  const post = await fetch(`${url}/ok`, { method: "POST", body: "x" });
  t.equal(post.status, 405);
  t.equal(post.headers.get("allow"), "GET, HEAD");
});

t.test("listenAdmin keeps the reason of a broken page to itself", async (t) => {
  const url = await startAdmin(t);
  const response = await fetch(`${url}/broken`);
  t.equal(response.status, 500);
  t.notMatch(await response.text(), "secret");
});

t.test("DNS rebinding: listenAdmin does not answer to a foreign name", async (t) => {
  const url = new URL(await startAdmin(t));
  const socket = connect(Number(url.port), url.hostname);
  socket.write("GET /ok HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
  const answer = await text(socket);
  t.match(answer, /^HTTP\/1\.1 421 /);
  t.notMatch(answer, "fine");
});

t.test("listenAdmin says in one line why it cannot listen", async (t) => {
  const url = new URL(await startAdmin(t));
  const address = { host: "127.0.0.1", port: Number(url.port) };
  await t.rejects(listenAdmin(address, pages), {
    message: `Cannot listen on 127.0.0.1:${url.port}: address in use`,
  });
});
