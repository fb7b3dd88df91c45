import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import type { NetworkOptions } from "../../../core/sandbox/host/fetch/network.ts";
import { fetch } from "../../../sdk/runtime/fetch/fetch.ts";
import { Request } from "../../../sdk/runtime/request.ts";
import { Response } from "../../../sdk/runtime/response.ts";
import { ReadableStream } from "../../../sdk/runtime/streams/readable-stream.ts";
import { URLSearchParams } from "../../../sdk/runtime/url/search-params.ts";
import { URL } from "../../../sdk/runtime/url/url.ts";
import { AbortController, AbortSignal } from "../../../sdk/runtime/web/abort.ts";
import { bindFetchHost } from "./guest.ts";
import { startHost, startServer } from "./hosts.ts";

/** A server that says what it got, streams and waits, and a guest that may fetch from it. */
async function startGuest(t: Test, options: Partial<NetworkOptions> = {}) {
  const closed: string[] = [];
  const { origin } = await startServer(t, async (request, response) => {
    const path = request.url!;
    response.on("close", () => closed.push(path));
    if (path === "/echo") {
      const { method, headers } = request;
      const body = (await request.setEncoding("utf8").toArray()).join("");
      response.setHeader("content-type", "application/json").end(JSON.stringify({ method, headers, body }));
    } else if (path === "/long") response.end("0123456789".repeat(50_000));
    else if (path === "/bytes") response.end(Buffer.from([0xff, 0, 0x80]));
    else if (path === "/endless") {
      response.write("x".repeat(100_000));
    } else if (path.startsWith("/to/")) response.writeHead(302, { location: path.slice(3) }).end();
    else if (path === "/fields") {
      response.writeHead(207, "Odd one", ["Set-Cookie", "a=1", "Set-Cookie", "b=2", "X", " padded "]).end();
    } else if (path === "/early") {
      request.once("data", () => response.writeHead(303, { location: "/long" }).end());
    } else if (path === "/204") response.writeHead(204).end();
  });
  const traffic = bindFetchHost(startHost(t, { grants: [origin], ...options }));
  return { origin, closed, traffic };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

t.test("fetch takes a text, a URL or a Request, and gives a Response", async (t) => {
  const { origin } = await startGuest(t);
  for (const input of [`${origin}/echo#part`, new URL(`${origin}/echo`), new Request(`${origin}/echo`)]) {
    const response = await fetch(input);
    t.ok(response instanceof Response);
    t.match(response, { ok: true, status: 200, type: "basic", redirected: false, url: `${origin}/echo` });
    t.match(await response.json(), {
      method: "GET",
      body: "",
      headers: { accept: "*/*", "user-agent": "sluice" },
    });
  }
  t.equal(fetch.length, 1);
});

t.test("method, headers and every kind of body are sent", async (t) => {
  const { origin } = await startGuest(t);
  const echo = async (init: object) => (await fetch(`${origin}/echo`, init)).json();
  t.match(await echo({ method: "post", body: "caf\u00e9" }), {
    method: "POST",
    body: "caf\u00e9",
    headers: { "content-type": "text/plain;charset=UTF-8", "content-length": "5" },
  });
  t.match(await echo({ method: "PUT", body: new URLSearchParams({ a: "1 2" }) }), {
    body: "a=1+2",
    headers: { "content-type": "application/x-www-form-urlencoded;charset=UTF-8" },
  });
  t.match(
    await echo({ method: "PUT", body: Uint8Array.of(65, 66), headers: { "x-mine": "kept", host: "evil" } }),
    {
      body: "AB",
      headers: { "x-mine": "kept", host: origin.slice(7) },
    },
  );
  const stream = ReadableStream.from([Uint8Array.of(65), Uint8Array.of(66)]);
  t.match(await echo({ method: "POST", body: stream }), {
    body: "AB",
    headers: { "transfer-encoding": "chunked" },
  });
  const request = new Request(`${origin}/echo`, { method: "POST", body: "moved" });
  t.match(await (await fetch(request)).json(), { body: "moved" });
  t.ok(request.bodyUsed);
});

t.test("a short body is text, bytes or nothing", async (t) => {
  const { origin, traffic } = await startGuest(t);
  t.same([...(await (await fetch(`${origin}/bytes`)).bytes())], [0xff, 0, 0x80]);
  t.equal((await fetch(`${origin}/204`)).body, null);
  const response = await fetch(`${origin}/fields`);
  t.match(response, { status: 207, statusText: "Odd one" });
  t.same(response.headers.getSetCookie(), ["a=1", "b=2"]);
  t.equal(response.headers.get("X"), "padded");
  t.equal(traffic.pending.size, 0);
});

t.test("a long body is read whole, in parts, or not at all", async (t) => {
  const { origin, closed } = await startGuest(t, { limits: { concurrent: 1 } });
  const long = "0123456789".repeat(50_000);
  t.equal(await (await fetch(`${origin}/long`)).text(), long);
  t.equal((await (await fetch(`${origin}/long`)).bytes()).length, 500_000);
  let streamed = "";
  for await (const part of (await fetch(`${origin}/long`)).body!) streamed += Buffer.from(part);
  t.equal(streamed, long);
  const response = await fetch(`${origin}/endless`);
  await response.body!.cancel();
  await until(() => closed.includes("/endless"));
  await t.rejects(response.text(), { name: "TypeError" });
  t.equal((await fetch(`${origin}/204`)).status, 204, "there is room for one more call again");
});

t.test("redirects are followed, shown or refused", async (t) => {
  const { origin } = await startGuest(t);
  const followed = await fetch(`${origin}/to/echo`, { method: "POST", body: "x" });
  t.match(followed, { redirected: true, url: `${origin}/echo` });
  t.match(await followed.json(), { method: "GET", body: "" });
  const shown = await fetch(`${origin}/to/echo`, { redirect: "manual" });
  t.match(shown, { status: 302, redirected: false });
  t.equal(shown.headers.get("location"), "/echo");
  await t.rejects(fetch(`${origin}/to/echo`, { redirect: "error" }), {
    name: "TypeError",
    message: /is a redirect/,
  });
});

t.test("a failure says what was done and what was found, and nothing of the host", async (t) => {
  const { origin } = await startGuest(t);
  const error = await fetch("https://elsewhere.test/x?key=secret").catch((error) => error);
  t.equal(error.name, "NotAllowedError");
  t.match(error.message, /elsewhere\.test is not granted: add "https:\/\/elsewhere\.test"/);
  t.notMatch(String(error.stack), /core\/sandbox|secret/);
  t.notOk(Object.hasOwn(error, "cause"));
  await t.rejects(fetch(origin, { method: "GET", body: "x" }), TypeError);
  await t.rejects(fetch("/relative"), TypeError);
  await t.rejects(fetch("http://user:pass@a.test/"), { name: "TypeError", message: /credentials/ });
});

t.test("an abort ends a fetch that waits for its head, with the signal's reason", async (t) => {
  const { origin, closed, traffic } = await startGuest(t);
  const controller = new AbortController();
  const waiting = fetch(`${origin}/nothing`, { signal: controller.signal });
  setTimeout(() => controller.abort("enough"), 50);
  t.equal(await waiting.catch((reason) => reason), "enough");
  t.equal(traffic.cancelled.length, 1);
  await until(() => closed.includes("/nothing"));
  await t.rejects(fetch(`${origin}/nothing`, { signal: AbortSignal.timeout(30) }), { name: "TimeoutError" });
  await t.rejects(fetch(`${origin}/echo`, { signal: AbortSignal.abort() }), { name: "AbortError" });
  t.equal(traffic.cancelled.length, 2, "what was aborted before is not sent");
});

t.test("an abort ends a body that is being read, and one that nobody reads", async (t) => {
  const { origin, closed } = await startGuest(t);
  const controller = new AbortController();
  const init = { signal: controller.signal };
  const [whole, streamed, unread] = await Promise.all([1, 2, 3].map(() => fetch(`${origin}/endless`, init)));
  const reader = streamed!.body!.getReader();
  const text = whole!.text().catch((reason) => reason);
  while (!controller.signal.aborted) {
    if ((await Promise.race([reader.read(), sleep(50)])) === undefined) controller.abort("enough");
  }
  t.equal(await text, "enough");
  await t.rejects(
    reader.read().catch((reason) => Promise.reject(new Error(reason))),
    { message: "enough" },
  );
  t.equal(await unread!.text().catch((reason) => reason), "enough");
  await until(() => closed.length === 3);
});

t.test("a streamed body that fails fails the fetch with its error; an abort stops the stream", async (t) => {
  const { origin, closed } = await startGuest(t);
  await t.rejects(fetch(`${origin}/nothing`, { method: "POST", body: oneThenError() }), {
    message: "source is gone",
  });
  await until(() => closed.includes("/nothing"));

  let stopped: unknown;
  const controller = new AbortController();
  const silent = new ReadableStream<Uint8Array>({
    start: (stream) => stream.enqueue(Uint8Array.of(65)),
    pull: () => new Promise(() => {}),
    cancel: (reason) => {
      stopped = reason;
    },
  });
  const waiting = fetch(`${origin}/nothing`, { method: "POST", body: silent, signal: controller.signal });
  setTimeout(() => controller.abort("enough"), 50);
  t.equal(await waiting.catch((reason) => reason), "enough");
  t.equal(stopped, "enough");
  await t.rejects(
    fetch(`${origin}/nothing`, { method: "POST", body: ReadableStream.from(["text"]) as never }),
    {
      name: "TypeError",
      message: /not a Uint8Array/,
    },
  );
});

t.test("a redirect may come before the body was sent, whose stream is told", async (t) => {
  const { origin } = await startGuest(t);
  let isStopped = false;
  const endless = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await sleep(1);
      controller.enqueue(new Uint8Array(100_000));
    },
    cancel: () => {
      isStopped = true;
    },
  });
  const response = await fetch(`${origin}/early`, { method: "POST", body: endless });
  t.equal(response.url, `${origin}/long`);
  await sleep(50);
  t.equal((await response.text()).length, 500_000);
  await until(() => isStopped);
});

function oneThenError(): ReadableStream<Uint8Array> {
  let count = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (count++ > 0) throw new Error("source is gone");
      controller.enqueue(Uint8Array.of(65));
      await sleep(50);
    },
  });
}
