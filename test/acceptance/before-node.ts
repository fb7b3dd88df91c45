import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import type { Test } from "tap";
import { WebSocket } from "ws";
import { readMessage } from "../support/message.ts";
import { missing } from "../support/missing.ts";
import { RawPeer } from "../support/raw-peer.ts";
import type { InstalledSluice } from "./installed-sluice.ts";
import { startNode } from "./node-service.ts";
import { withCurl } from "./with-curl.ts";

/** Sluice in front of a Node service, with curl, ws and Node itself as clients. */
export async function beforeNode(t: Test, installed: InstalledSluice): Promise<void> {
  const service = await startNode();
  t.teardown(() => service[Symbol.asyncDispose]());
  const sluice = await installed.serve(["--upstream", service.url, "--no-access-log"]);
  t.teardown(() => sluice[Symbol.asyncDispose]());

  t.test("curl in front", { skip: missing("curl") }, async (t) => withCurl(t, service.url, sluice.url));

  t.test("requests sent at once are answered in their order", async (t) => {
    const peer = new RawPeer(connect(Number(new URL(sluice.url).port), "127.0.0.1"));
    t.teardown(() => peer.reset());
    const paths = ["/chunked", "/none", "/hints", "/chunked"];
    peer.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(""));
    const answers = ["one two three", "nothing here", "", "after the hints", "one two three"];
    for (const body of answers) t.equal((await readMessage(peer)).body, body);
  });

  t.test("what is streamed arrives piece by piece", async (t) => {
    for (const path of ["/stream", "/events"]) {
      const response = await fetch(sluice.url + path);
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      t.match((await reader.read()).value, "first", path);
      service.publish("second");
      t.match((await reader.read()).value, "second", path);
      await reader.cancel();
    }
  });

  t.test("interim responses and trailers arrive", async (t) => {
    const hinted = get(`${sluice.url}/hints`);
    const links: unknown[] = [];
    hinted.on("information", ({ headers }) => links.push(headers["link"]));
    const [afterHints]: IncomingMessage[] = await once(hinted, "response");
    t.equal(await text(afterHints!), "after the hints");
    t.same(links, ["</style.css>; rel=preload"]);

    const [withTrailers]: IncomingMessage[] = await once(get(`${sluice.url}/trailers`), "response");
    t.equal(await text(withTrailers!), "body");
    t.match(withTrailers!.trailers, { "x-checksum": "abc" });
  });

  t.test("a WebSocket client talks through it, and closes as it likes", async (t) => {
    const socket = new WebSocket(`${sluice.url.replace("http", "ws")}/socket`);
    await once(socket, "open");
    for (const message of [Buffer.from("hello"), randomBytes(1_000_000)]) {
      socket.send(message);
      const [answer] = await once(socket, "message");
      t.ok(message.equals(answer));
    }
    socket.close(1000, "done");
    t.match(await once(socket, "close"), [1000, Buffer.from("done")]);
  });
}
