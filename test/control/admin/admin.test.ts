import { connect } from "node:net";
import { text } from "node:stream/consumers";
import t, { type Test } from "tap";
import type { AdminActions } from "../../../core/control/admin/action.ts";
import { listenAdmin } from "../../../core/control/admin/admin.ts";
import type { AdminPages } from "../../../core/control/admin/page.ts";

const pages: AdminPages = {
  "/ok": () => ({ status: 200, contentType: "text/plain", body: "fine\n" }),
  "/broken": () => {
    throw new Error("secret detail");
  },
};

const done: unknown[] = [];
const actions: AdminActions = {
  "/act": (body) => {
    done.push(body);
    return { status: 200, contentType: "text/plain", body: "done\n" };
  },
};

async function startAdmin(t: Test): Promise<string> {
  const admin = await listenAdmin({ host: "127.0.0.1", port: 0 }, pages, actions);
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

const asJson = { "content-type": "application/json" };

t.test("listenAdmin does what is asked by POST, with the document that says how", async (t) => {
  const url = await startAdmin(t);
  done.length = 0;
  const answer = await fetch(`${url}/act`, { method: "POST", headers: asJson, body: '{"a":1}' });
  t.equal(await answer.text(), "done\n");
  t.same(done, [{ a: 1 }]);
  const get = await fetch(`${url}/act`);
  t.same([get.status, get.headers.get("allow")], [405, "POST"]);
  const status = async (body: string) =>
    (await fetch(`${url}/act`, { method: "POST", headers: asJson, body })).status;
  t.equal(await status("{"), 400);
  t.equal(await status(`"${"x".repeat(70_000)}"`), 413);
  t.equal((await fetch(`${url}/ok`)).status, 200, "and goes on");
  t.equal(done.length, 1);
});

t.test("CSRF: a web page cannot have its reader's browser act on listenAdmin", async (t) => {
  const url = await startAdmin(t);
  const { port } = new URL(url);
  done.length = 0;
  const post = async (fields: Record<string, string>, host = `127.0.0.1:${port}`) => {
    const socket = connect(Number(port), "127.0.0.1");
    const lines = Object.entries({ Host: host, "Content-Length": "2", Connection: "close", ...fields });
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    socket.write(`POST /act HTTP/1.1\r\n${head}\r\n{}`);
    return Number((await text(socket)).slice(9, 12));
  };
  const json = { "Content-Type": "application/json" };
  // What a form or a script may send anywhere without asking.
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
    t.equal(await post({ "Content-Type": type }), 415, type);
  }
  t.equal(await post({}), 415, "no media type");
  t.equal(await post({ "Content-Type": "text/plain; x=application/json" }), 415);
  t.equal(await post({ ...json, Origin: "https://evil.example" }), 403);
  t.equal(await post({ ...json, Origin: "null" }), 403);
  t.equal(await post({ ...json, "Sec-Fetch-Site": "cross-site" }), 403);
  t.equal(await post({ ...json, Origin: "http://evil.example" }, "evil.example"), 421, "and a rebound name");
  const preflight = await fetch(`${url}/act`, {
    method: "OPTIONS",
    headers: { origin: "https://evil.example" },
  });
  t.equal(preflight.status, 405);
  t.equal(preflight.headers.get("access-control-allow-origin"), null);
  t.equal(done.length, 0);
  t.equal(await post({ ...json, Origin: `http://127.0.0.1:${port}`, "Sec-Fetch-Site": "same-origin" }), 200);
});
