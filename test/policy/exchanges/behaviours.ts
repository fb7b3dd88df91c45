/**
 * What plugins of fuzzed exchanges do, each with what sdk/README.md says becomes of the messages: an oracle that shares nothing with
 * the code under test.
 */

/** A body on its way; null where only its framing is known. */
export type Content = string | null;

/** What becomes of a request, policy by policy. */
export interface Up {
  /** In lower case. */
  readonly fields: ReadonlyMap<string, string>;
  path: string;
  cluster: string;
  content: Content;
  /** Whether it has a length or chunks. */
  hasBody: boolean;
  /** The content is what is under the coding that Content-Encoding names. */
  isCoded: boolean;
  /** A policy answered. */
  answer: Answered | null;
  /** It ends here, with this status or broken off. */
  failure: number | null;
  mayRepeat: boolean;
  /** A policy chose the cluster before the route answered. */
  isSent: boolean;
  /** What becomes of it hangs on bytes that are not known. */
  isVague: boolean;
}

export interface Answered {
  status: number;
  content: Content;
}

/** What becomes of a response. */
export interface Down {
  /** 0: which is not known. */
  status: number;
  content: Content;
  isCoded: boolean;
  /** It ends here, with this status or, where it has begun, broken off. */
  failure: number | null;
  readonly answersHead: boolean;
}

export interface Behaviour {
  readonly members: string;
  readonly up?: (up: Up) => void;
  readonly down?: (down: Down) => void;
}

const upperCase = `(chunk) => chunk.map((byte) => byte >= 97 && byte <= 122 ? byte - 32 : byte)`;

/** What a policy says when it is asked to answer. */
const asked = `request.headers.get("x-answer") === "1"`;

function answers(status: number, content: string): (up: Up) => void {
  return (up) => {
    if (up.fields.get("x-answer") === "1") up.answer = { status, content };
  };
}

/** Whether no body can be there, whatever a policy makes of it. */
export function isBodyless(message: Up | Down): boolean {
  if ("hasBody" in message) return !message.hasBody;
  return message.answersHead || message.status === 204 || message.status === 304;
}

function change(change: (content: string) => string) {
  return (message: Up | Down): void => {
    if (isBodyless(message)) return;
    const { content } = message;
    message.content = content === null || message.isCoded ? null : change(content);
  };
}

function put(content: string) {
  return (message: Up | Down): void => {
    if ("hasBody" in message) message.hasBody = true;
    if (!isBodyless(message)) message.content = message.isCoded ? null : content;
  };
}

function limit(most: number, status: number) {
  return (message: Up | Down): void => {
    const { content, isCoded } = message;
    if (isBodyless(message)) return;
    if (content === null || isCoded) message.content = null;
    else if (content.length > most) message.failure ??= status;
  };
}

function encode(message: Up | Down): void {
  // The field is there also without a body, for one that is set later.
  if (isBodyless(message) && !("hasBody" in message)) return;
  if (message.isCoded) message.content = null;
  message.isCoded = true;
}

function replaced(status: number, content: string) {
  return (down: Down): void => {
    Object.assign(down, { status, content, isCoded: false });
  };
}

const stream = (text: string): string =>
  `new ReadableStream({ async start(c) { for (const part of ${JSON.stringify(text.match(/.{1,3}/g))}) { await null; c.enqueue(new TextEncoder().encode(part)); } c.close(); } })`;

export const behaviours: Readonly<Record<string, Behaviour>> = {
  nothing: { members: "onRequest() {}" },
  "nothing, async": { members: "async onRequest() { await null; }, async onResponse() { await null; }" },
  "onUpstream alone": { members: 'onUpstream(attempt) { attempt.headers.set("x-up", "1"); }' },
  "onUpstream, async": { members: "async onUpstream() { await null; await null; }" },
  "onLog alone": { members: "onLog() {}" },
  "onResponse alone": { members: "onResponse() {}" },
  "keeps going": { members: "onRequest(request, ctx) { ctx.keepGoing(); }" },
  refreshes: {
    members: "onRequest(request, ctx) { if (!ctx.isRefresh) ctx.refresh(); }",
    up(up) {
      up.mayRepeat = true;
    },
  },
  "another cluster": {
    members: 'onRequest(request, ctx) { ctx.upstream.cluster = "second"; }',
    up(up) {
      up.cluster = "second";
      up.isSent = true;
    },
  },
  "another cluster, later": {
    members: 'onUpstream(attempt) { attempt.cluster = "second"; }',
    up(up) {
      up.cluster = "second";
    },
  },

  "reads text": { members: "async onRequest(request) { await request.text(); }" },
  "reads bytes": { members: "async onRequest(request) { await request.bytes(); }" },
  "reads what arrived": {
    members:
      "onRequest(request) { const text = request.arrivedText(); if (text === null) return request.text().then(() => {}); }",
  },
  "reads it again": {
    members: 'async onRequest(request) { const text = await request.text(); request.setBody(text + "!"); }',
    up(up) {
      up.hasBody = true;
      change((content) => `${content}!`)(up);
    },
  },
  "sets text": { members: 'onRequest(request) { request.setBody("set here"); }', up: put("set here") },
  "sets nothing": { members: 'onRequest(request) { request.setBody(""); }', up: put("") },
  "sets many bytes": {
    members: "async onRequest(request) { await null; request.setBody(new Uint8Array(70000).fill(98)); }",
    up: put("b".repeat(70_000)),
  },
  "sets text if asked": {
    members: `onRequest(request) { if (${asked}) request.setBody("asked"); }`,
    up(up) {
      if (up.fields.get("x-answer") === "1") put("asked")(up);
    },
  },
  "parts pass": { members: "onRequestBody() {}" },
  "parts pass, async": { members: "async onRequestBody(chunk) { await null; return chunk; }" },
  "parts in upper case": {
    members: `onRequestBody: ${upperCase}`,
    up: change((content) => content.toUpperCase()),
  },
  "a last part": {
    members: 'onRequestBody(chunk, ctx) { if (ctx.last) return "-- end"; }',
    up: change((content) => `${content}-- end`),
  },
  "no parts": { members: "onRequestBody() { return null; }", up: change(() => "") },
  "one part": {
    members: 'onRequestBody(chunk, ctx) { ctx.end(); return "cut"; }',
    up: change(() => "cut"),
  },
  "one part, async": {
    members: 'async onRequestBody(chunk, ctx) { await null; ctx.end(); return "cut"; }',
    up: change(() => "cut"),
  },
  encodes: {
    members:
      'onRequest(request) { if (request.encodeBody("gzip")) request.headers.set("content-encoding", "gzip"); }',
    up: encode,
  },
  decodes: {
    members:
      'onRequest(request) { if (request.headers.get("content-encoding") === "gzip" && request.decodeBody("gzip")) request.headers.delete("content-encoding"); }',
    up(up) {
      if (up.content === null) up.isVague = true;
      up.isCoded = false;
    },
  },
  limits: { members: "onRequest(request) { request.limitBody(8192); }", up: limit(8192, 413) },
  "answers text": {
    members: `onRequest(request) { if (${asked}) return new Response("mine", { status: 201 }); }`,
    up: answers(201, "mine"),
  },
  "answers nothing": {
    members: `async onRequest(request) { await null; if (${asked}) return new Response(null, { status: 204 }); }`,
    up: answers(204, ""),
  },
  "answers a stream": {
    members: `onRequest(request) { if (${asked}) return new Response(${stream("from a stream")}); }`,
    up: answers(200, "from a stream"),
  },
  "answers after it read": {
    members: `async onRequest(request) { if (${asked}) return new Response("read " + (await request.bytes()).length); }`,
    up(up) {
      if (up.fields.get("x-answer") !== "1") return;
      const length = up.content === null || up.isCoded ? null : up.content.length;
      up.answer = { status: 200, content: length === null ? null : `read ${length}` };
    },
  },
  "fails open": {
    members:
      'onFailure: "open", onRequest(request) { request.setBody("gone"); request.headers.set("x-gone", "1"); throw new Error("meant"); }',
  },
  "fails open, late": {
    members:
      'onFailure: "open", async onRequest(request) { await request.text(); request.setBody("gone"); throw new Error("meant"); }',
  },
  "fails closed if asked": {
    members: `onRequest(request) { if (${asked}) throw new Error("meant"); }`,
    up(up) {
      if (up.fields.get("x-answer") === "1") up.failure ??= 500;
    },
  },
  "parts fail open": {
    members: 'onFailure: "open", onRequestBody() { throw new Error("meant"); }',
  },
  "onUpstream fails open": {
    members:
      'onFailure: "open", onUpstream(attempt) { attempt.headers.set("x-gone", "1"); throw new Error("meant"); }',
  },

  "reads the response": { members: "async onResponse(response) { await response.text(); }" },
  "reads the response's bytes": { members: "async onResponse(response) { await response.bytes(); }" },
  "reads what arrived of the response": {
    members:
      "onResponse(response) { const text = response.arrivedText(); if (text === null) return response.text().then(() => {}); }",
  },
  "changes the response": {
    members: 'async onResponse(response) { response.setBody((await response.text()) + "?"); }',
    down: change((content) => `${content}?`),
  },
  "sets the response": {
    members: 'onResponse(response) { response.setBody("other"); }',
    down: put("other"),
  },
  "replaces the response": {
    members: 'onResponse() { return new Response("another", { status: 203 }); }',
    down: replaced(203, "another"),
  },
  "replaces the response by a stream": {
    members: `async onResponse() { await null; return new Response(${stream("a streamed one")}); }`,
    down: replaced(200, "a streamed one"),
  },
  "replaces the response by none": {
    members: "onResponse() { return new Response(null, { status: 204 }); }",
    down: replaced(204, ""),
  },
  "another status": {
    members: "onResponse(response) { if (response.status === 200) response.status = 299; }",
    down(down) {
      if (down.status === 200) down.status = 299;
    },
  },
  "response's parts pass": { members: "onResponseBody() {}" },
  "response's parts pass, async": {
    members: "async onResponseBody(chunk) { await null; return chunk; }",
  },
  "response's parts in upper case": {
    members: `onResponseBody: ${upperCase}`,
    down: change((content) => content.toUpperCase()),
  },
  "response's last part": {
    members: 'onResponseBody(chunk, ctx) { if (ctx.last) return "-- end"; }',
    down: change((content) => `${content}-- end`),
  },
  "response in one part": {
    members: 'async onResponseBody(chunk, ctx) { ctx.end(); return "cut"; }',
    down: change(() => "cut"),
  },
  "no response's parts": { members: "onResponseBody() { return null; }", down: change(() => "") },
  "encodes the response": {
    members:
      'onResponse(response) { if (response.encodeBody("gzip")) response.headers.set("content-encoding", "gzip"); }',
    down: encode,
  },
  "limits the response": {
    members: "onResponse(response) { response.limitBody(8192); }",
    down: limit(8192, 502),
  },
  "response fails open": {
    members:
      'onFailure: "open", async onResponse(response) { await response.text(); response.setBody("gone"); throw new Error("meant"); }',
  },
  "response fails closed": {
    members: 'onResponse() { throw new Error("meant"); }',
    down(down) {
      down.failure ??= 500;
    },
  },
  "response's parts fail closed": {
    members: 'onResponseBody(chunk, ctx) { if (!ctx.last) throw new Error("meant"); }',
    down(down) {
      if (!isBodyless(down) && down.content !== "") down.failure ??= 500;
    },
  },
};

/** The last policy of a route that sends requests to another one. */
export function rewritesTo(path: string): Behaviour {
  return {
    members: `onRequest(request) { request.url = "${path}"; }`,
    up(up) {
      up.path = path;
    },
  };
}
