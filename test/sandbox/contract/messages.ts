import type { ValueCheck } from "./check.ts";

export const messageChecks: readonly ValueCheck[] = [
  {
    title: "Response begins as 200 without a body",
    code: `const r = new Response(); return [r.status, r.statusText, r.ok, r.body, r.type, r.url, r.redirected];`,
    expected: [200, "", true, null, "default", "", false],
  },
  {
    title: "Response of a text says its type",
    code: `return new Response("x").headers.get("content-type");`,
    expected: "text/plain;charset=UTF-8",
  },
  {
    title: "Response of bytes says no type",
    code: `return new Response(new Uint8Array(2)).headers.get("content-type");`,
    expected: null,
  },
  {
    title: "Response of search parameters is a form",
    code: `const r = new Response(new URLSearchParams({ a: "b c" })); return [r.headers.get("content-type"), await r.text()];`,
    expected: ["application/x-www-form-urlencoded;charset=UTF-8", "a=b+c"],
  },
  {
    title: "Response.json is JSON with its type",
    code: `const r = Response.json({ a: [1] }, { status: 201, headers: { "x-a": "1" } }); return [r.status, r.headers.get("content-type"), r.headers.get("x-a"), await r.json()];`,
    expected: [201, "application/json", "1", { a: [1] }],
  },
  {
    title: "Response.json refuses what has no JSON form",
    code: `Response.json(undefined);`,
    throws: "TypeError",
  },
  {
    title: "Response.redirect has a location",
    code: `const r = Response.redirect("http://h.test/x", 307); return [r.status, r.headers.get("location")];`,
    expected: [307, "http://h.test/x"],
  },
  {
    title: "Response.redirect refuses other statuses",
    code: `Response.redirect("http://h.test/", 200);`,
    throws: "RangeError",
  },
  {
    title: "Response.error has type error and status 0",
    code: `const r = Response.error(); return [r.type, r.status];`,
    expected: ["error", 0],
  },
  {
    title: "Response refuses a status below 200",
    code: `new Response(null, { status: 101 });`,
    throws: "RangeError",
  },
  {
    title: "Response refuses a status above 599",
    code: `new Response(null, { status: 600 });`,
    throws: "RangeError",
  },
  {
    title: "Response refuses a body where none can be",
    code: `new Response("x", { status: 204 });`,
    throws: "TypeError",
  },
  {
    title: "Response refuses a reason with a line break",
    code: String.raw`new Response(null, { statusText: "a\r\nb" });`,
    throws: "TypeError",
  },
  {
    title: "Response reads as text, JSON, bytes and buffer",
    code: `const b = () => new Response('{"a":1}'); return [await b().text(), await b().json(), (await b().bytes()).length, (await b().arrayBuffer()).byteLength];`,
    expected: ['{"a":1}', { a: 1 }, 7, 7],
  },
  {
    title: "A body is read once",
    code: `const r = new Response("x"); await r.text(); return [r.bodyUsed, await r.text().catch((e) => e.name)];`,
    expected: [true, "TypeError"],
  },
  {
    title: "A clone is read by itself",
    code: `const r = new Response("x"); const c = r.clone(); return [await r.text(), await c.text()];`,
    expected: ["x", "x"],
  },
  {
    title: "A used body has no clone",
    code: `const r = new Response("x"); await r.text(); r.clone();`,
    throws: "TypeError",
  },
  {
    title: "JSON that is none rejects with a SyntaxError",
    code: `await new Response("{").json();`,
    throws: "SyntaxError",
  },
  {
    title: "Text of a body loses its BOM",
    code: String.raw`return await new Response("\ufeffx").text();`,
    expected: "x",
  },
  {
    title: "Response streams its body",
    code: `const reader = new Response("abc").body.getReader(); const { value, done } = await reader.read(); return [[...value], done, (await reader.read()).done];`,
    expected: [[97, 98, 99], false, true],
  },
  {
    title: "Response takes a stream",
    code: `const s = new ReadableStream({ start(c) { c.enqueue(new Uint8Array([104])); c.enqueue(new Uint8Array([105])); c.close(); } }); return await new Response(s).text();`,
    expected: "hi",
  },
  {
    title: "Request has method, URL and fields",
    code: `const r = new Request("http://h.test/a?b", { method: "post", headers: { a: "1" }, body: "x" }); return [r.method, r.url, r.headers.get("a"), r.headers.get("content-type"), await r.text()];`,
    expected: ["POST", "http://h.test/a?b", "1", "text/plain;charset=UTF-8", "x"],
  },
  {
    title: "Request of a Request takes it over",
    code: `const a = new Request("http://h.test/", { method: "PUT", body: "x", headers: { a: "1" } }); const b = new Request(a, { headers: { b: "2" } }); return [b.method, b.headers.get("a"), b.headers.get("b"), await b.text(), a.bodyUsed];`,
    expected: ["PUT", null, "2", "x", true],
  },
  {
    title: "Request of a Request takes its body over where it is given none, as null says too",
    code: `const a = new Request("http://h.test/", { method: "PUT", body: "x" }); const b = new Request(a, { body: null }); return [await b.text(), a.bodyUsed, await new Request(new Request("http://h.test/", { method: "PUT", body: "x" }), { body: "y" }).text()];`,
    expected: ["x", true, "y"],
  },
  {
    title: "Request refuses to be a GET with the body of another one",
    code: `new Request(new Request("http://h.test/", { method: "PUT", body: "x" }), { method: "GET", body: null });`,
    throws: "TypeError",
  },
  {
    title: "Request refuses a GET with a body",
    code: `new Request("http://h.test/", { body: "x" });`,
    throws: "TypeError",
  },
  { title: "Request refuses what is no URL", code: `new Request("/relative");`, throws: "TypeError" },
  {
    title: "Request refuses methods that no fetch has",
    code: `new Request("http://h.test/", { method: "CONNECT" });`,
    throws: "TypeError",
  },
  {
    title: "Request refuses a method that is no token",
    code: `new Request("http://h.test/", { method: "A B" });`,
    throws: "TypeError",
  },
];
