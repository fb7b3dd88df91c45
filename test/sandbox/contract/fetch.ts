/** `fetch` of a guest against a server of this process, through the gateway. */
import type { Test } from "tap";
import type { EngineName } from "../../../core/sandbox/engine.ts";
import { get } from "../../support/gateway.ts";
import { field, type Message } from "../../support/message.ts";
import { startPolicyGateway } from "../../support/policies.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

interface FetchCheck {
  readonly title: string;
  /** Body of an async function `(origin, ctx, other)`; what it returns is compared as JSON. */
  readonly code: string;
  readonly expected: unknown;
}

const checks: readonly FetchCheck[] = [
  {
    title: "fetch gets status, fields and text",
    code: `const r = await fetch(origin + "/text"); return [r.status, r.ok, r.headers.get("x-served"), await r.text(), r.url === origin + "/text"];`,
    expected: [200, true, "1", "served", true],
  },
  {
    title: "fetch gets JSON",
    code: `return await (await fetch(origin + "/json")).json();`,
    expected: { a: 1 },
  },
  {
    title: "fetch gets bytes",
    code: `return [...new Uint8Array(await (await fetch(origin + "/bytes")).arrayBuffer())];`,
    expected: [0, 255, 10],
  },
  {
    title: "fetch sends method, fields and a text",
    code: `const r = await fetch(origin + "/echo", { method: "PUT", headers: { "x-a": "1" }, body: "é" }); return await r.json();`,
    expected: { line: "PUT /echo HTTP/1.1", a: "1", type: "text/plain;charset=UTF-8", body: "Ã©" },
  },
  {
    title: "fetch sends bytes",
    code: `return (await (await fetch(origin + "/echo", { method: "POST", body: new Uint8Array([65, 66]) })).json()).body;`,
    expected: "AB",
  },
  {
    title: "fetch sends a stream",
    code: `const body = ReadableStream.from([new TextEncoder().encode("a"), new TextEncoder().encode("b")]); return (await (await fetch(origin + "/echo", { method: "POST", body, duplex: "half" })).json()).body;`,
    expected: "ab",
  },
  {
    title: "fetch takes a Request and a URL",
    code: `const a = await fetch(new Request(origin + "/echo", { method: "DELETE" })); const b = await fetch(new URL("/text", origin)); return [(await a.json()).line, b.status];`,
    expected: ["DELETE /echo HTTP/1.1", 200],
  },
  {
    title: "fetch resolves with statuses that are errors",
    code: `const r = await fetch(origin + "/missing"); return [r.status, r.ok];`,
    expected: [404, false],
  },
  {
    title: "fetch follows a redirect, and says so",
    code: `const r = await fetch(origin + "/redirect"); return [r.status, r.redirected, await r.text()];`,
    expected: [200, true, "served"],
  },
  {
    title: "fetch with redirect manual shows it, with redirect error rejects",
    code: `const r = await fetch(origin + "/redirect", { redirect: "manual" }); return [r.status, await fetch(origin + "/redirect", { redirect: "error" }).catch((e) => e.name)];`,
    expected: [302, "TypeError"],
  },
  {
    title: "fetch does not follow a redirect to where it may not go",
    code: `return await fetch(origin + "/away").then(() => "followed", (e) => e.name);`,
    expected: "NotAllowedError",
  },
  {
    title: "fetch streams what comes",
    code: `const reader = (await fetch(origin + "/text")).body.getReader(); let text = ""; for (;;) { const { done, value } = await reader.read(); if (done) return text; text += new TextDecoder().decode(value); }`,
    expected: "served",
  },
  {
    title: "fetch is aborted by its signal",
    code: `const c = new AbortController(); const p = fetch(origin + "/never", { signal: c.signal }); setTimeout(() => c.abort(), 5); return await p.catch((e) => e.name);`,
    expected: "AbortError",
  },
  {
    title: "fetch is aborted by a timeout",
    code: `return await fetch(origin + "/never", { signal: AbortSignal.timeout(5) }).catch((e) => e.name);`,
    expected: "TimeoutError",
  },
  {
    title: "fetch to an address that is not granted is a NotAllowedError",
    code: `return await fetch(other).then(() => "fetched", (e) => e.name);`,
    expected: "NotAllowedError",
  },
  {
    title: "fetch of another scheme is refused",
    code: `const out = []; for (const url of ["file:///etc/passwd", "data:text/plain,x", "ftp://h.test/", "unix:/x"]) out.push(await fetch(url).then(() => "fetched", () => "refused")); return out;`,
    expected: ["refused", "refused", "refused", "refused"],
  },
  {
    title: "fetch refuses what is no URL with a TypeError",
    code: `return await fetch("no url").catch((e) => e.name);`,
    expected: "TypeError",
  },
  {
    title: "Several calls are under way at once",
    code: `const all = await Promise.all([1, 2, 3].map(() => fetch(origin + "/text").then((r) => r.text()))); return all;`,
    expected: ["served", "served", "served"],
  },
  {
    title: "A fetched response is a reply without its framing",
    code: `const r = await fetch(origin + "/text"); return [r instanceof Response, r.headers.get("x-served")];`,
    expected: [true, "1"],
  },
];

export async function checkFetch(t: Test, engine: EngineName): Promise<void> {
  const served = await startUpstream(t, serve);
  const upstream = await startUpstream(t, () => ok("upstream"));
  const origin = originOf(served.address);
  const gateway = await startPolicyGateway(t, upstream.address, {
    engine,
    plugins: { "checks.ts": guestText(origin, originOf(upstream.address)) },
  });
  for (const [index, { title, expected }] of checks.entries()) {
    await t.test(title, async (t) => {
      const { body } = await gateway.ask(get("/", `X-Check: ${index}`));
      t.strictSame(JSON.parse(body), { value: expected });
    });
  }
  await t.test("A fetched response is the answer to the client", async (t) => {
    const response = await gateway.ask(get("/", "X-Check: pass"));
    t.equal(response.body, "served");
    t.equal(field(response, "x-served"), "1");
  });
  await t.test("One call more than the limit of a request rejects", async (t) => {
    const { body } = await gateway.ask(get("/", "X-Check: many"));
    t.strictSame(JSON.parse(body), [200, 200, 200, 200, "QuotaExceededError"]);
  });
}

function guestText(origin: string, other: string): string {
  const functions = checks.map(({ code }) => `async (origin, ctx, other) => {\n${code}\n}`);
  return `const checks = [${functions.join(",\n")}];
const origin = "${origin}";
export default {
  capabilities: { fetch: [{ origin, private: true }] },
  limits: { fetches: 4 },
  async onRequest(request, ctx) {
    const asked = request.headers.get("x-check");
    if (asked === "pass") return fetch(origin + "/text");
    if (asked === "many") {
      const out = [];
      for (let i = 0; i < 5; i++) out.push(await fetch(origin + "/text").then((r) => r.text().then(() => r.status), (e) => e.name));
      return Response.json(out);
    }
    try {
      return Response.json({ value: await checks[Number(asked)](origin, ctx, "${other}/") });
    } catch (error) {
      return Response.json({ thrown: String(error) });
    }
  },
};
`;
}

function serve(request: Message): string | null {
  const [, target] = request.startLine.split(" ");
  switch (target) {
    case "/json":
      return ok('{"a":1}');
    case "/bytes":
      return ok("\x00\xff\n");
    case "/echo":
      return ok(
        JSON.stringify({
          line: request.startLine,
          a: field(request, "x-a") ?? undefined,
          type: field(request, "content-type") ?? undefined,
          body: request.body,
        }),
      );
    case "/redirect":
      return "HTTP/1.1 302 Found\r\nLocation: /text\r\nContent-Length: 0\r\n\r\n";
    case "/away":
      return "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n";
    case "/missing":
      return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    case "/never":
      return null;
    default:
      return ok("served", "X-Served: 1");
  }
}

function originOf(address: object): string {
  return `http://127.0.0.1:${(address as { port: number }).port}`;
}
