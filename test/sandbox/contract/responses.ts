import type { ExchangeCheck } from "./check.ts";

const cookies =
  "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX-Up: 1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\nhi";

const firstDate = "Thu, 01 Jan 2026 00:00:00 GMT";
const otherDate = "Fri, 02 Jan 2026 00:00:00 GMT";
const sentDate = `dAtE: ${firstDate}\r\n`;
const ownDate = /^(?!Thu, 01 Jan 2026)\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/;
const dates = [
  { does: "it goes on", plugin: 'response.headers.set("x-a", "1");', sent: sentDate, gets: firstDate },
  {
    does: "there is one where none was sent",
    plugin: 'response.headers.set("x-a", "1");',
    sent: "",
    gets: ownDate,
  },
  {
    does: "a handler sets it",
    plugin: `response.headers.set("date", "${otherDate}");`,
    sent: sentDate,
    gets: otherDate,
  },
  {
    does: "a handler brings it",
    plugin: `response.headers.set("Date", "${otherDate}");`,
    sent: "",
    gets: otherDate,
  },
  {
    does: "a handler takes it out",
    plugin: 'response.headers.delete("date");',
    sent: sentDate,
    gets: ownDate,
  },
];

export const responseChecks: readonly ExchangeCheck[] = [
  {
    title: "A response handler that does nothing changes nothing",
    plugin: "onResponse() {}",
    answer: cookies,
    gets: { status: 200, body: "hi", fields: { "x-up": "1", "set-cookie": "a=1, b=2" } },
  },
  {
    title: "A response handler may be asynchronous",
    plugin:
      'async onResponse(response) { await new Promise((r) => setTimeout(r, 5)); response.headers.set("x-a", "1"); }',
    gets: { body: "upstream", fields: { "x-a": "1" } },
  },
  {
    title: "A response handler reads status, reason and fields",
    plugin:
      'onResponse(response) { response.headers.set("x-saw", [response.status, response.statusText, response.ok, response.headers.get("x-up")].join()); }',
    answer: "HTTP/1.1 404 Nothing Here\r\nX-Up: 1\r\nContent-Length: 0\r\n\r\n",
    gets: { status: 404, fields: { "x-saw": "404,Nothing Here,false,1" } },
  },
  {
    title: "Cookies of a response are read and edited one by one",
    plugin:
      'onResponse(response) { const all = response.headers.getSetCookie(); response.headers.delete("set-cookie"); for (const cookie of all) response.headers.append("set-cookie", cookie + "; Secure"); }',
    answer: cookies,
    gets: { fields: { "set-cookie": "a=1; Secure, b=2; Secure" } },
  },
  {
    title: "Fields of a response are set, appended and deleted",
    plugin:
      'onResponse(response) { response.headers.set("x-up", "2"); response.headers.append("x-b", "1"); response.headers.append("x-b", "2"); response.headers.delete("set-cookie"); }',
    answer: cookies,
    gets: { body: "hi", fields: { "x-up": "2", "x-b": "1, 2", "set-cookie": null } },
  },
  ...dates.map(
    ({ does, plugin, sent, gets }): ExchangeCheck => ({
      title: `The Date of a response: ${does}`,
      plugin: `onResponse(response) { ${plugin} }`,
      answer: `HTTP/1.1 200 OK\r\n${sent}Content-Length: 2\r\n\r\nhi`,
      gets: { body: "hi", fields: { date: gets } },
    }),
  ),
  {
    title: "What a handler sets again and again, and changes, and sets again, is set each time",
    plugin:
      'let n = 0;\nexport default { onResponse(response) { n++; response.headers.set("x-n", n < 4 || n > 6 ? "a" : "b"); } };',
    steps: ["a", "a", "a", "b", "b", "b", "a", "a", "a"].map((n) => ({ gets: { fields: { "x-n": n } } })),
  },
  {
    title: "The status can be changed, and its reason is empty then",
    plugin: "onResponse(response) { response.status = 503; }",
    gets: { startLine: /^HTTP\/1\.1 503 Service Unavailable$/, body: "upstream" },
  },
  {
    title: "The reason can be changed",
    plugin: 'onResponse(response) { response.statusText = "So So"; }',
    gets: { startLine: "HTTP/1.1 200 So So" },
  },
  {
    title: "A reason with a line break is a fault",
    plugin: 'onResponse(response) { response.statusText = "a\\r\\nX: 1"; }',
    gets: { status: 500 },
  },
  ...["199", "600", "NaN", "'x'", "200.5", "101"].map(
    (status): ExchangeCheck => ({
      title: `The status ${status} throws a RangeError`,
      plugin: `onResponse(response) { try { response.status = ${status}; } catch (error) { response.headers.set("x-threw", error.name); } }`,
      gets: { status: 200, fields: { "x-threw": "RangeError" } },
    }),
  ),
  ...["Content-Length", "Transfer-Encoding", "Connection", "Trailer", "Via", "Upgrade"].map(
    (name): ExchangeCheck => ({
      title: `Setting ${name} of a response throws a TypeError`,
      plugin: `onResponse(response) { try { response.headers.set("${name}", "1"); } catch (error) { response.headers.set("x-threw", error.name); } }`,
      gets: { status: 200, fields: { "x-threw": "TypeError" } },
    }),
  ),
  {
    title: "A response field value with CR and LF throws a TypeError",
    plugin:
      'onResponse(response) { try { response.headers.set("x-a", "1\\r\\nx: 2"); } catch (error) { response.headers.set("x-threw", error.name); } }',
    gets: { fields: { "x-threw": "TypeError", "x-a": null } },
  },
  {
    title: "A Response takes the place of the endpoint's",
    plugin: 'onResponse() { return new Response("mine", { status: 201, headers: { "x-mine": "1" } }); }',
    answer: cookies,
    gets: {
      status: 201,
      body: "mine",
      fields: { "x-mine": "1", "x-up": null, "set-cookie": null, "content-length": "4" },
    },
  },
  {
    title: "A Response of bytes takes the place of the endpoint's",
    plugin: "onResponse() { return new Response(new Uint8Array([1, 2, 3])); }",
    gets: { body: "\x01\x02\x03" },
  },
  {
    title: "A Response of a stream takes the place of the endpoint's",
    plugin:
      'onResponse() { return new Response(ReadableStream.from([new TextEncoder().encode("a"), new TextEncoder().encode("b")])); }',
    gets: { status: 200, body: "ab" },
  },
  {
    title: "A Response without a body takes the place of the endpoint's",
    plugin: "onResponse() { return new Response(null, { status: 204 }); }",
    gets: { status: 204, fields: { "content-length": null } },
  },
  {
    title: "A response becomes 304 without its body",
    plugin: "onResponse(response) { response.status = 304; }",
    gets: { status: 304 },
  },
  {
    title: "A local reply passes the response handler of the plugins before, not of the one that made it",
    plugin: {
      "a.ts": 'onRequest() {}, onResponse(response) { response.headers.set("x-a", response.status + ""); }',
      "b.ts":
        'onRequest() { return new Response("b", { status: 401 }); }, onResponse(response) { response.headers.set("x-b", "1"); }',
      "c.ts": 'onRequest() {}, onResponse(response) { response.headers.set("x-c", "1"); }',
    },
    gets: { status: 401, body: "b", fields: { "x-a": "401", "x-b": null, "x-c": null } },
    passes: null,
  },
  {
    title: "A local reply passes a plugin before that has no request handler",
    plugin: {
      "a.ts": 'onResponse(response) { response.headers.set("x-a", String(response.status)); }',
      "b.ts": 'onRequest() { return new Response("b", { status: 401 }); }',
      "c.ts": 'onResponse(response) { response.headers.set("x-c", "1"); }',
    },
    gets: { status: 401, body: "b", fields: { "x-a": "401", "x-c": null } },
  },
  {
    title: "A changed status is what the next plugin sees",
    plugin: {
      "a.ts": 'onResponse(r) { r.headers.set("x-saw", String(r.status)); }',
      "b.ts": "onResponse(r) { r.status = 203; }",
    },
    gets: { status: 203, fields: { "x-saw": "203" } },
  },
  {
    title: "Responses pass the plugins backwards",
    plugin: {
      "a.ts":
        'onRequest(r) { r.headers.append("x-q", "a"); }, onResponse(r) { r.headers.append("x-s", "a"); }',
      "b.ts":
        'onRequest(r) { r.headers.append("x-q", "b"); }, onResponse(r) { r.headers.append("x-s", "b"); }',
      "c.ts":
        'onRequest(r) { r.headers.append("x-q", "c"); }, onResponse(r) { r.headers.append("x-s", "c"); }',
    },
    gets: { fields: { "x-s": "c, b, a" } },
    passes: { fields: { "x-q": "a, b, c" } },
  },
  {
    title: "A replaced response goes on to the next plugin",
    plugin: {
      "a.ts": 'onResponse(r) { r.headers.set("x-saw", r.status + r.headers.get("x-b")); }',
      "b.ts": 'onResponse() { return new Response("b", { status: 202, headers: { "x-b": "1" } }); }',
    },
    gets: { status: 202, body: "b", fields: { "x-saw": "2021" } },
  },
  {
    title: "A fault in a response handler is 500",
    plugin: 'onResponse() { throw new Error("x"); }',
    gets: { status: 500, body: /plugin_failed/ },
  },
  {
    title: "A response handler that returns something else is a fault",
    plugin: "onResponse() { return 1; }",
    gets: { status: 500 },
  },
];
