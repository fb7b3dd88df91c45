/** What the cache keeps of a response is what passed it, whatever policies before it in the list make of it afterwards. */
import { gunzipSync, gzipSync } from "node:zlib";
import t, { type Test } from "tap";
import { addBuiltIns } from "../../core/reload/built-in-bundle.ts";
import { stopBundler } from "../../core/reload/bundle.ts";
import { get } from "../support/gateway.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);

const packed = gzipSync("plain").toString("latin1");
const texts: Readonly<Record<string, string>> = {
  adds: 'async onResponse(r) { r.setBody((await r.text()) + "+"); }',
  answers: 'async onResponse(r) { return new Response((await r.text()) + "+"); }',
  reads: "async onResponse(r) { await r.text(); }",
  decodes:
    'onResponse(r) { if (r.headers.has("content-encoding") && r.decodeBody("gzip")) r.headers.delete("content-encoding"); }',
  encodes: 'onResponse(r) { if (r.encodeBody("gzip")) r.headers.set("content-encoding", "gzip"); }',
};
const plugins = Object.fromEntries(
  Object.entries(texts).map(([name, text]) => [`${name}.ts`, `export default { ${text} };`]),
);

async function threeAnswers(t: Test, order: readonly string[], isPacked: boolean) {
  let asked = 0;
  const upstream = await startUpstream(t, () => {
    asked++;
    const fields = ["Cache-Control: max-age=60", ...(isPacked ? ["Content-Encoding: gzip"] : [])];
    return ok(isPacked ? packed : "plain", ...fields);
  });
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins,
    bundle: (own) => addBuiltIns(own, ["cache"]),
    route: { policies: order.map((plugin) => ({ plugin, config: null })) },
  });
  const bodies: string[] = [];
  for (let i = 0; i < 3; i++) {
    const { body } = await gateway.ask(get());
    const bytes = Buffer.from(body, "latin1");
    bodies.push(bytes[0] === 0x1f ? `gzip of ${gunzipSync(bytes)}` : body);
  }
  return { bodies: [...new Set(bodies)], asked };
}

const orders: readonly [order: string, isPacked: boolean, body: string, asked: number][] = [
  ["adds cache", false, "plain+", 1],
  ["answers cache", false, "plain+", 1],
  ["cache adds", false, "plain+", 1],
  ["reads cache", false, "plain", 1],
  ["encodes cache", false, "gzip of plain", 1],
  ["cache encodes", false, "gzip of plain", 1],
  ["adds cache decodes", true, "plain+", 1],
  ["reads decodes cache", true, "plain", 1],
  ["adds decodes cache", true, "plain+", 3],
  ["encodes adds cache decodes", true, "gzip of plain+", 1],
];

for (const [order, isPacked, body, asked] of orders) {
  const kept = asked === 1 ? "is kept as it passed the cache" : "is not kept: it is not here as a whole";
  t.test(`${order}: a response ${isPacked ? "in gzip " : ""}${kept}`, async (t) => {
    t.same(await threeAnswers(t, order.split(" "), isPacked), { bodies: [body], asked });
  });
}
