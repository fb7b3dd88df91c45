/** All built-in policies on one route, in the order that the main README calls right. */
import { readFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import t, { type Test } from "tap";
import { builtInNames } from "../../core/config/built-in-plugins.ts";
import { stopBundler } from "../../core/reload/bundle.ts";
import { startBuiltInGateway } from "../support/built-in-gateway.ts";
import { get } from "../support/gateway.ts";
import { field } from "../support/message.ts";
import { ok } from "../support/raw-upstream.ts";
import { startCounting } from "../upstream/endpoints.ts";

t.teardown(stopBundler);

const [, list = ""] = /this one is right:\n`\[([^\]]*)\]`/.exec(readFileSync("README.md", "utf8")) ?? [];
const order = list.split(", ");
const origin = "https://shop.example";
const key = "X-Api-Key: open sesame";

const configs: Readonly<Record<string, object>> = {
  "api-version": {
    from: { header: "x-version" },
    versions: { "1": { deprecated: "2025-01-01" } },
    default: "1",
  },
  auth: {
    strategies: [{ type: "api-key", allowPlain: true, keys: [{ key: "plain:open sesame", subject: "ada" }] }],
  },
  access: { allow: [{ subjects: ["ada"] }] },
  cors: { origins: [origin] },
  "rate-limit": { limits: [{ limit: 5, key: ["identity"] }] },
  "body-limit": { maxSize: 3000 },
  mock: { responses: [{ when: { path: "/mocked" }, json: { mocked: true } }] },
  transform: { response: [{ json: [{ op: "mask", path: "/**/secret" }] }] },
  validate: { schema: { type: "object", required: ["item"] } },
};

async function start(t: Test) {
  const body = JSON.stringify({ secret: "s3cret", text: "x".repeat(2000) });
  const service = await startCounting(t, () =>
    ok(body, "Content-Type: application/json", "Cache-Control: public, max-age=60"),
  );
  const uses = order.map((plugin) => ({ plugin, config: configs[plugin] ?? null }));
  return { service, ...(await startBuiltInGateway(t, service.address, uses)) };
}

const post = (body: string, ...fields: string[]) =>
  `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${fields.map((each) => `${each}\r\n`).join("")}\r\n${body}`;

t.test("the order names every built-in policy once", async (t) => {
  t.same([...order].sort(), [...builtInNames()].sort());
});

t.test("a response has what each of them does, and the second one comes from the store", async (t) => {
  const { ask, service, log } = await start(t);
  const ids = new Set<string | null>();
  for (const [turn, stored] of [/fwd=/, /hit/].entries()) {
    const response = await ask(get("/", key, `Origin: ${origin}`, "Accept-Encoding: gzip"));
    t.equal(response.status, 200);
    t.match(field(response, "cache-status"), stored, `request ${turn}`);
    t.equal(field(response, "access-control-allow-origin"), origin);
    t.equal(field(response, "x-content-type-options"), "nosniff");
    t.match(field(response, "deprecation"), /^@\d+$/);
    t.match(field(response, "ratelimit"), new RegExp(`^"default";r=${4 - turn};t=\\d+$`));
    t.equal(field(response, "content-encoding"), "gzip");
    t.match(gunzipSync(Buffer.from(response.body, "latin1")).toString(), /^\{"secret":"\*\*\*"/);
    ids.add(field(response, "x-request-id"));
  }
  t.equal(ids.size, 2, "an id is no part of what is kept");
  t.equal(service.requests.length, 1);
  t.equal(field(service.requests[0]!, "x-auth-subject"), "ada");
  t.equal(field(service.requests[0]!, "x-api-key"), null);
  t.same(
    log.entries.filter(({ level }) => level === "error"),
    [],
  );
});

t.test("a stranger is refused before anything is kept for others, and the page may read why", async (t) => {
  const { ask, service } = await start(t);
  await ask(get("/", key));
  const refused = await ask(get("/", `Origin: ${origin}`, "X-Auth-Subject: ada"));
  t.equal(refused.status, 401);
  t.equal(field(refused, "access-control-allow-origin"), origin);
  t.equal(field(refused, "x-content-type-options"), "nosniff");
  t.ok(field(refused, "x-request-id"));
  t.equal(service.requests.length, 1);
});

t.test("bodies are decoded, counted and checked before the service gets them", async (t) => {
  const { ask, service } = await start(t);
  const packed = (text: string) => gzipSync(text).toString("latin1");
  const send = async (body: string, ...fields: string[]) => (await ask(post(body, key, ...fields))).status;
  t.equal(await send(packed('{"item":1}'), "Content-Encoding: gzip"), 200);
  t.equal(service.requests[0]!.body, '{"item":1}');
  t.equal(await send(packed("{}"), "Content-Encoding: gzip"), 422);
  t.equal(await send(packed(JSON.stringify({ item: "x".repeat(5000) })), "Content-Encoding: gzip"), 413);
  t.equal(await send('{"item":1}', "Origin: https://evil.example"), 403, "a page of another site");
  t.equal(service.requests.length, 1);
});

t.test("a request beyond the limit is refused, and a mock answers behind all of them", async (t) => {
  const { ask } = await start(t);
  for (let turn = 0; turn < 5; turn++) t.match((await ask(get("/mocked", key))).body, /mocked/);
  t.equal((await ask(get("/mocked", key))).status, 429);
});
