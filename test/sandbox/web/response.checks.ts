import { Headers } from "../../../sdk/runtime/headers.ts";
import { Request } from "../../../sdk/runtime/request.ts";
import { bodySourceOf, Response, responseOf } from "../../../sdk/runtime/response.ts";
import { ReadableStream } from "../../../sdk/runtime/streams/readable-stream.ts";
import { URLSearchParams } from "../../../sdk/runtime/url/search-params.ts";
import { AbortController } from "../../../sdk/runtime/web/abort.ts";
import { equal, ok, rejects, same, suite, throws } from "./check.ts";

export const { checks, check } = suite();

check("a Response is 200 without a body unless it is told otherwise", () => {
  const response = new Response();
  same(
    [response.status, response.statusText, response.ok, response.type, response.url, response.redirected],
    [200, "", true, "default", "", false],
  );
  equal(response.body, null);
  equal(response.bodyUsed, false);
  equal(Object.prototype.toString.call(response), "[object Response]");
});

check("a Response takes a status from 200 to 599 alone", () => {
  for (const status of [200, 599]) equal(new Response(null, { status }).status, status);
  for (const status of [0, 100, 199, 600, 65536, Number.NaN])
    throws("RangeError", () => new Response(null, { status }));
});

check("a status that has no body refuses one", () => {
  for (const status of [204, 205, 304]) {
    throws("TypeError", () => new Response("", { status }));
    equal(new Response(null, { status }).body, null);
  }
});

check("a status text cannot split the response", () => {
  equal(new Response(null, { statusText: "Fine\tthen é" }).statusText, "Fine\tthen é");
  for (const statusText of ["a\r\nset-cookie: b", "a\nb", "\0", "\u0100"]) {
    throws("TypeError", () => new Response(null, { statusText }));
  }
});

check("a body brings its Content-Type, and never replaces one", () => {
  const typeOf = (body: never, headers?: Record<string, string>) =>
    new Response(body, headers && { headers }).headers.get("content-type");
  equal(typeOf("text" as never), "text/plain;charset=UTF-8");
  equal(typeOf(new URLSearchParams("a=b") as never), "application/x-www-form-urlencoded;charset=UTF-8");
  equal(typeOf(new Uint8Array(1) as never), null);
  equal(typeOf(new ReadableStream() as never), null);
  equal(typeOf("{}" as never, { "content-type": "application/json" }), "application/json");
});

check("a body of any kind can be read as text, as bytes and as a buffer", async () => {
  const bytes = new Uint8Array([0, 0xc3, 0xa9, 0]).subarray(1, 3);
  const bodies = [
    "é",
    bytes,
    bytes.slice().buffer,
    new DataView(bytes.buffer, 1, 2),
    ReadableStream.from([bytes]),
  ];
  for (const body of bodies) {
    const make = () => new Response(body as never);
    if (body instanceof ReadableStream) {
      equal(await make().text(), "é");
      continue;
    }
    equal(await make().text(), "é");
    same(await make().bytes(), [0xc3, 0xa9]);
    equal((await make().arrayBuffer()).byteLength, 2);
  }
  equal(await new Response(new URLSearchParams({ a: "é b" })).text(), "a=%C3%A9+b");
  same(await new Response('{"a":[1]}').json(), { a: [1] });
  await rejects("SyntaxError", new Response("{").json());
  equal(await new Response().text(), "");
});

check("lone surrogates and byte order marks are treated as UTF-8 does", async () => {
  equal(await new Response("a\ud800b").text(), "a\ufffdb");
  equal(await new Response("\ufeffx").text(), "x");
  same(await new Response("\ufeffx").bytes(), [0xef, 0xbb, 0xbf, 0x78]);
});

check("a body that is changed after the Response was made stays as it was", async () => {
  const bytes = new Uint8Array([1, 2]);
  const response = new Response(bytes);
  bytes[0] = 9;
  same(await response.bytes(), [1, 2]);
});

check("a body is read once", async () => {
  for (const body of ["text", new Uint8Array(1), ReadableStream.from([new Uint8Array(1)])]) {
    const response = new Response(body as never);
    await response.bytes();
    equal(response.bodyUsed, true);
    await rejects("TypeError", response.text());
    await rejects("TypeError", response.json());
    throws("TypeError", () => response.clone());
    throws("TypeError", () => bodySourceOf(response));
    throws("TypeError", () => response.body!.getReader());
  }
});

check("a Response without a body can be read again and again", async () => {
  const response = new Response(null);
  equal(await response.text(), "");
  equal(await response.text(), "");
  equal(response.bodyUsed, false);
});

check("a locked or disturbed stream is no body", async () => {
  const locked = new ReadableStream();
  locked.getReader();
  throws("TypeError", () => new Response(locked as never));
  const disturbed = new ReadableStream();
  await disturbed.cancel();
  throws("TypeError", () => new Response(disturbed as never));
  const response = new Response("text");
  response.body!.getReader();
  await rejects("TypeError", response.text());
  equal(response.bodyUsed, false);
});

check("a chunk that is no Uint8Array fails the body and cancels its stream", async () => {
  let cancelled: unknown;
  const stream = new ReadableStream({
    start: (controller) => controller.enqueue("text"),
    cancel: (reason) => {
      cancelled = reason;
    },
  });
  const error = await rejects("TypeError", new Response(stream as never).text());
  equal(cancelled, error);
});

check("a clone and its original are read apart", async () => {
  for (const body of ["ab", new Uint8Array([97, 98]), ReadableStream.from([new Uint8Array([97, 98])])]) {
    const original = new Response(body as never, { status: 201, headers: { a: "b" } });
    const copy = original.clone();
    copy.headers.set("a", "c");
    equal(original.headers.get("a"), "b");
    equal(copy.status, 201);
    const bytes = await original.bytes();
    bytes.fill(0);
    equal(await copy.text(), "ab");
  }
});

check("Response.json, redirect and error follow the Fetch Standard", async () => {
  const json = Response.json({ a: 1 }, { status: 400 });
  same(
    [json.status, json.headers.get("content-type"), await json.text()],
    [400, "application/json", '{"a":1}'],
  );
  equal(Response.json(1, { headers: { "content-type": "a/b" } }).headers.get("content-type"), "a/b");
  throws("TypeError", () => Response.json(undefined));
  throws("TypeError", () => Response.json(null, { status: 204 }));
  const redirect = Response.redirect("https://a.test/x y", 308);
  same([redirect.status, redirect.headers.get("location")], [308, "https://a.test/x%20y"]);
  throws("RangeError", () => Response.redirect("https://a.test/", 200));
  throws("TypeError", () => Response.redirect("/relative"));
  same([Response.error().type, Response.error().status], ["error", 0]);
});

check("bodySourceOf gives what the body is made of without reading it", async () => {
  same(bodySourceOf(new Response()), { kind: "none" });
  const response = new Response("text");
  same(bodySourceOf(response), { kind: "text", text: "text" });
  same(bodySourceOf(response), { kind: "text", text: "text" });
  ok(response.body, "it has a stream");
  same(bodySourceOf(response), { kind: "text", text: "text" });
  same(bodySourceOf(new Response(new Uint8Array([1]))), { kind: "bytes", bytes: [1] });
  const stream = new ReadableStream<Uint8Array>();
  const source = bodySourceOf(new Response(stream));
  ok(source.kind === "stream" && source.stream === stream, "the stream itself");
});

check("a provided body is asked for when it is read, once, in the form it is read in", async () => {
  const asked: string[] = [];
  const note = <Value>(kind: string, value: Value): Value => {
    asked.push(kind);
    return value;
  };
  const provider = {
    text: async () => note("text", '\ufeff"text"'),
    bytes: async () => note("bytes", new Uint8Array([49])),
    stream: () => note("stream", ReadableStream.from([new Uint8Array([50])])),
  };
  const head = {
    type: "basic",
    url: "",
    redirected: false,
    status: 101,
    statusText: "",
    headers: new Headers(),
  } as const;
  const make = () => responseOf(head, provider);
  equal(make().status, 101);
  same(asked, []);
  const response = make();
  equal(await response.text(), '"text"');
  throws("TypeError", () => response.body!.getReader());
  equal(await make().json(), "text");
  same(await make().bytes(), [49]);
  equal(bodySourceOf(make()).kind, "stream");
  equal(await make().clone().text(), "2");
  same(asked, ["text", "text", "bytes", "stream", "stream"]);
});

check("a plugin cannot make a body that is not what it says", async () => {
  const fake = { kind: "text", text: { toString: () => "fake" } };
  const Body = Object.getPrototypeOf(Response) as new (init: unknown) => Response;
  equal(await new Body(fake).text(), "[object Object]");
  await rejects("TypeError", Response.prototype.text.call({} as Response));
  await rejects("TypeError", Response.prototype.text.call(Object.create(Response.prototype)));
});

check("a Request normalises its method and refuses those of tunnels and traces", () => {
  const methodOf = (method: string) => new Request("https://a.test", { method }).method;
  same(["get", "PoSt", "patch", "x"].map(methodOf), ["GET", "POST", "patch", "x"]);
  for (const method of ["CONNECT", "trace", "TRACK", "a b", "", "a\r\nb"])
    throws("TypeError", () => methodOf(method));
});

check("a Request has an absolute URL without credentials", () => {
  equal(new Request("https://a.test/x/../y").url, "https://a.test/y");
  throws("TypeError", () => new Request("/relative"));
  throws("TypeError", () => new Request("https://user:secret@a.test"));
});

check("GET and HEAD have no body", () => {
  throws("TypeError", () => new Request("https://a.test", { body: "" }));
  throws("TypeError", () => new Request("https://a.test", { method: "HEAD", body: "x" }));
});

check("a Request made of another takes over its body", async () => {
  const first = new Request("https://a.test", { method: "POST", body: "text", headers: { a: "b" } });
  const second = new Request(first, { method: "PUT" });
  same(
    [first.bodyUsed, second.method, second.headers.get("a"), await second.text()],
    [true, "PUT", "b", "text"],
  );
  await rejects("TypeError", first.text());
  throws("TypeError", () => new Request(first));
  equal(await new Request(first, { body: "other" }).text(), "other");
});

check("a Request made of another with a stream reads on from it", async () => {
  const stream = ReadableStream.from([new Uint8Array([97]), new Uint8Array([98])]);
  const first = new Request("https://a.test", { method: "POST", body: stream });
  equal(await new Request(first).text(), "ab");
  equal(first.bodyUsed, true);
});

check("a cloned Request keeps method, fields, body and signal", async () => {
  const controller = new AbortController();
  const init = { method: "POST", body: "text", signal: controller.signal, redirect: "manual" } as const;
  const request = new Request("https://a.test/", init);
  const copy = request.clone();
  same(
    [await request.text(), await copy.text(), copy.method, copy.redirect],
    ["text", "text", "POST", "manual"],
  );
  controller.abort();
  equal(copy.signal.aborted, true);
  equal(new Request("https://a.test").signal.aborted, false);
  throws("TypeError", () => new Request("https://a.test", { signal: {} as never }));
  throws("TypeError", () => new Request("https://a.test", { redirect: "maybe" as never }));
});
