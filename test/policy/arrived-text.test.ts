/** Bodies that a handler gets at once, where all of one is here. */
import { gzipSync } from "node:zlib";
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { onEachEngine } from "../support/each-engine.ts";
import { readMessage } from "../support/message.ts";
import { type PluginLine, type PolicyGateway, startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);

/** Tells what it got at once, and what it got when it waited where that was nothing. */
const reads = (handler: string, before = "") => `
  ${handler}(message, ctx) {
    ${before}
    const text = message.arrivedText();
    ctx.log.info("${handler}", { text, used: message.bodyUsed });
    if (text === null) return message.text().then((text) => ctx.log.info("${handler} later", { text }));
  }`;
const plugin = (...members: string[]) => `export default { ${members.join()} };`;
const both = plugin(reads("onRequest"), reads("onResponse"));

const head = (length: number) => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`;
const post = (body: string) => head(body.length) + body;
const latin1 = (...bytes: number[]) => Buffer.from(bytes).toString("latin1");
const utf8 = (text: string) => Buffer.from(text).toString("latin1");

/** What handlers told of the request. */
async function told({ lines, ask }: PolicyGateway, request: string) {
  const before = lines.length;
  await ask(request);
  return lines.slice(before).map(lineOf);
}

function lineOf({ message, fields }: PluginLine) {
  return { of: message, ...(fields as { readonly fields: object }).fields };
}

const atOnce = (text: string) =>
  ["onRequest", "onResponse"].map((handler) => ({ of: handler, text, used: true }));
const later = (...texts: readonly string[]) =>
  ["onRequest", "onResponse"].flatMap((handler, index) => [
    { of: handler, text: null, used: false },
    { of: `${handler} later`, text: texts[index] ?? texts[0] },
  ]);

onEachEngine("a small body that is here is text at once, and goes on as it came", async (t, engine) => {
  const service = await startUpstream(t, ({ body }) => ok(body));
  const gateway = await startPolicyGateway(t, service.address, { plugins: { "p.ts": both }, engine });
  for (const text of ["", "abc", "é€😀", '{"a":"\0"}']) {
    t.same(await told(gateway, post(utf8(text))), atOnce(text), text);
    t.equal((await gateway.ask(post(utf8(text)))).body, utf8(text));
  }
});

onEachEngine("what is no UTF-8, or another text for some, has to be waited for", async (t, engine) => {
  const service = await startUpstream(t, ({ body }) => ok(body));
  const gateway = await startPolicyGateway(t, service.address, { plugins: { "p.ts": both }, engine });
  const bodies: readonly (readonly [string, string])[] = [
    [latin1(0x61, 0xff), "a\ufffd"],
    [latin1(0xed, 0xa0, 0x80), "\ufffd\ufffd\ufffd"],
    [utf8("\ufffd"), "\ufffd"],
    [utf8("\ufeffa"), "a"],
  ];
  for (const [body, text] of bodies) t.same(await told(gateway, post(body)), later(text), text);
});

onEachEngine("a body of which a part is on its way has to be waited for", async (t, engine) => {
  const service = await startUpstream(t);
  const gateway = await startPolicyGateway(t, service.address, { plugins: { "p.ts": both }, engine });
  const toldLines = async (count: number) => {
    while (gateway.lines.length < count) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  const client = await gateway.connect();
  client.write(`${head(4)}ab`);
  await toldLines(1);
  client.write("cd");
  const { peer } = await service.request();
  peer.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nef");
  await toldLines(3);
  peer.write("gh");
  t.equal((await readMessage(client)).body, "efgh");
  t.same(gateway.lines.map(lineOf), later("abcd", "efgh"));
});

onEachEngine("what another policy put there is text at once, unless it is none", async (t, engine) => {
  const service = await startUpstream(t, () => ok("from the service"));
  const puts = (value: string) =>
    plugin(`onRequest(r) { r.setBody(${value}); }, onResponse(r) { r.setBody(${value}); }`);
  const ask = async (value: string) => {
    // The first one sees the request before the one between them changes it, and the response after it.
    const plugins = {
      "a.ts": plugin(reads("onResponse")),
      "b.ts": puts(value),
      "c.ts": plugin(reads("onRequest")),
    };
    const gateway = await startPolicyGateway(t, service.address, { plugins, engine });
    return told(gateway, post("from the client"));
  };
  t.same(await ask('"é"'), atOnce("é"));
  t.same(await ask('"\\ud800"'), later("\ufffd"));
  t.same(await ask("new Uint8Array([0x61, 0x62])"), later("ab"));
});

onEachEngine("a reply that a policy makes is text at once", async (t, engine) => {
  const service = await startUpstream(t);
  const plugins = {
    "a.ts": plugin(reads("onResponse")),
    "b.ts": plugin('onRequest() { return new Response("é"); }'),
  };
  const gateway = await startPolicyGateway(t, service.address, { plugins, engine });
  t.same(await told(gateway, post("")), [{ of: "onResponse", text: "é", used: true }]);
});

onEachEngine("a body that is decoded on its way has to be waited for", async (t, engine) => {
  const service = await startUpstream(t, ({ body }) => ok(body));
  const plugins = { "p.ts": plugin(reads("onRequest", 'message.decodeBody("gzip");')) };
  const gateway = await startPolicyGateway(t, service.address, { plugins, engine });
  t.same(await told(gateway, post(gzipSync("plain").toString("latin1"))), later("plain").slice(0, 2));
});

onEachEngine("the limit of a policy's bodies holds, however a body is read", async (t, engine) => {
  const service = await startUpstream(t, () => ok("12345"));
  for (const [handler, body, status] of [
    ["onRequest", "12345", 413],
    ["onRequest", "1234", 200],
    ["onResponse", "", 502],
  ] as const) {
    const plugins = { "p.ts": plugin("limits: { body: 4 }", reads(handler)) };
    const gateway = await startPolicyGateway(t, service.address, { plugins, engine });
    t.equal((await gateway.ask(post(body))).status, status, `${handler} ${body}`);
  }
});

onEachEngine("a body is read once, and not after its request", async (t, engine) => {
  const service = await startUpstream(t, () => ok("a"));
  const source = `
    const failure = (act) => { try { return act(); } catch (error) { return error.name + ": " + error.message; } };
    export default {
      onRequest(request, ctx) {
        ctx.state.request = request;
        request.arrivedText();
        ctx.log.info(failure(() => request.arrivedText()));
        return request.text().catch((error) => ctx.log.info(error.name));
      },
      onResponse(response, ctx) {
        response.setBody("b");
        ctx.log.info(failure(() => response.arrivedText()));
      },
    };`;
  const gateway = await startPolicyGateway(t, service.address, { plugins: { "p.ts": source }, engine });
  t.equal((await gateway.ask(post("a"))).body, "b");
  const readBefore = "TypeError: Cannot read the body: it was read before";
  t.same(
    gateway.lines.map(({ message }) => message),
    [readBefore, "TypeError", readBefore],
  );
});
