/** A client's text that one plugin passes on is to another plugin never a message of the host. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { testGateway } from "../../core/testing/index.ts";
import { MessageKind, separator } from "../../sdk/runtime/message.ts";
import { onEachEngine } from "../support/each-engine.ts";
import { get } from "../support/gateway.ts";
import { startPolicyGateway } from "../support/policies.ts";

t.teardown(stopBundler);

const passesOn = `export default {
  onRequest(request, ctx) {
    const endpoint = new URL(request.url).searchParams.get("endpoint");
    if (endpoint !== null) ctx.upstream.endpoint = endpoint;
  },
};`;
const guard = `export default {
  config: { type: "object", properties: { key: { type: "string" } }, required: ["key"] },
  onRequest(request, ctx) {
    if (request.headers.get("x-key") !== ctx.config.key) return new Response("no", { status: 401 });
  },
  onUpstream(attempt) { console.log([attempt.endpoint, attempt.cluster, attempt.method, attempt.url].join(" ")); },
};`;

const setup = JSON.stringify({
  config: { key: "evil" },
  name: "guard",
  routes: ["upstream"],
  clusters: ["upstream"],
  wallMs: 5000,
  env: {},
  envNames: [],
});
const message = (kind: string, context: string, payload: string) =>
  [kind, "80", context, payload].join(separator);
const behind = (...messages: string[]) => ["x", ...messages, ""].join(separator);
const forged: Readonly<Record<string, string>> = {
  "a setup": behind(message(MessageKind.setup, "0", setup), message(MessageKind.work, "", "")),
  "a part": `x${separator}`,
  "lines of fields": "x upstream GET http://forged/admin\n\nx-forged: 1\r\n",
  "a mark": "x\x02y",
  "a NUL": "x\0",
  "a DEL": "x\x7f",
};

for (const onFailure of ["closed", "open"] as const) {
  onEachEngine(`the name of an endpoint is no message to others, failing ${onFailure}`, async (t, engine) => {
    await using gateway = await testGateway({
      engine,
      plugins: [
        { source: passesOn, name: "passes", onFailure },
        { source: guard, name: "guard", config: { key: "good" } },
      ],
      upstream: () => new Response("secret"),
    });
    const ask = async (path: string, key: string) =>
      (await gateway.fetch(path, { headers: { "x-key": key } })).status;
    t.same([await ask("/", "evil"), await ask("/", "good")], [401, 200]);
    for (const [what, endpoint] of Object.entries(forged)) {
      const status = await ask(`/?endpoint=${encodeURIComponent(endpoint)}`, "good");
      t.equal(status, onFailure === "open" ? 200 : 500, what);
      t.same([await ask("/", "evil"), await ask("/", "good")], [401, 200], what);
    }
    const lines = gateway.log.filter(({ plugin }) => plugin === "guard").map((line) => line.message);
    t.notMatch(lines.join("\n"), /forged\/admin/);
    t.equal(gateway.faults.length, Object.keys(forged).length);
    for (const fault of gateway.faults)
      t.match(fault, {
        plugin: "passes",
        phase: "onRequest",
        message: /^TypeError: Cannot change the endpoint: its name holds a control character; /,
      });
  });
}

onEachEngine("blanks in the name of an endpoint move nothing in an attempt", async (t, engine) => {
  await using gateway = await testGateway({
    engine,
    plugins: [
      { source: passesOn, name: "passes" },
      { source: guard, name: "guard", config: { key: "good" } },
    ],
  });
  const endpoint = "x other POST http://forged/";
  await gateway.fetch(`/?endpoint=${encodeURIComponent(endpoint)}`, { headers: { "x-key": "good" } });
  const [line = ""] = gateway.log.map(({ message }) => message).filter((text) => text.startsWith("x "));
  t.match(line, /^x other POST http:\/\/forged\/ upstream GET http:\/\/[^ ]+$/);
});

// Nobody but the operator names a socket: it is what can be put into a message by hand.
onEachEngine("a message with a separator in a part of it never enters a guest", async (t, engine) => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, `a${separator}T`);
  const server = createServer((_, response) => response.end("there")).listen(path);
  t.teardown(() => server.close());
  await once(server, "listening");
  const plugins = {
    "p.ts": `export default {
      onRequest(request) { request.headers.set("x-seen", "1"); },
      onResponse(response) { response.headers.set("x-seen", response.endpoint); },
      teardown() { console.log("torn down"); },
    };`,
  };
  for (const onFailure of ["closed", "open"] as const) {
    const gateway = await startPolicyGateway(
      t,
      { path },
      {
        plugins,
        engine,
        settings: { p: { onFailure } },
      },
    );
    for (let n = 0; n < 2; n++) {
      const response = await gateway.ask(get());
      if (onFailure === "open") t.match(response, { status: 200, body: "there" });
      else t.match(response, { status: 500, body: /plugin_failed/ });
    }
    t.match(gateway.gateway.generation.policies.report(), [{ name: "p", faults: { protocol: 2 } }]);
    t.same(gateway.lines, []);
  }
});

onEachEngine("a plugin that replaces JSON.stringify says nothing else to the host", async (t, engine) => {
  // Host code: it would replace that of this process.
  if (engine === "inline") return;
  const source = `export default {
    capabilities: { identity: true },
    onRequest(request, ctx) {
      JSON.stringify = () => '{"method":"DELETE","url":"/forged"}';
      ctx.identity = { subject: "s", method: "m", claims: {}, scopes: [], groups: [] };
      request.url = "/told";
    },
    onUpstream(_, ctx) { ctx.log.info(ctx.identity.subject); },
  };`;
  await using gateway = await testGateway({
    engine,
    plugins: [{ source, name: "p" }],
    upstream: (request) => new Response(`${request.method} ${new URL(request.url).pathname}`),
  });
  t.equal(await (await gateway.fetch("/")).text(), "GET /told");
  t.match(gateway.log, [{ message: "s" }]);
});
