/** Plugins that say again and again what is to become of a body. */
import t from "tap";
import { coderPlaces } from "../../core/policy/body/coder-places.ts";
import { stopBundler } from "../../core/reload/bundle.ts";
import { onEachEngine } from "../support/each-engine.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);
t.setTimeout(60_000);

const post = (path: string, body: string) =>
  `POST ${path} HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const plugin = (members: string) => ({ "p.ts": `export default { ${members} };` });

onEachEngine("Of a flood of limits the smallest one holds", async (t, engine) => {
  const upstream = await startUpstream(t, () => ok("upstream"));
  const members = `async onRequest(request) {
    for (let round = 0; round < 60; round++) {
      for (let n = 0; n < 200; n++) request.limitBody(round === 30 && n === 100 ? 4 : 1e9);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }`;
  const gateway = await startPolicyGateway(t, upstream.address, { engine, plugins: plugin(members) });
  t.equal((await gateway.ask(post("/", "12345"))).status, 413);
  t.equal((await gateway.ask(post("/", "1234"))).status, 200);
});

const runaways = {
  "limits and encoders": "m.limitBody(1e9); m.encodeBody('gzip');",
  "decoders and limits": "m.decodeBody('gzip'); m.limitBody(1e9);",
  encoders: "m.encodeBody('gzip');",
};

for (const [title, steps] of Object.entries(runaways)) {
  onEachEngine(`A runaway of ${title} is refused in time, on either side`, async (t, engine) => {
    const upstream = await startUpstream(t, () => ok("upstream"));
    const run = `for (let n = 0; n < 100; n++) { ${steps} }`;
    const members = `
      onRequest(m) { if (m.url.includes("request")) ${run} },
      onResponse(m) { ${run} }`;
    const gateway = await startPolicyGateway(t, upstream.address, { engine, plugins: plugin(members) });
    for (const path of ["/request", "/response"]) {
      t.equal((await gateway.ask(post(path, "body"))).status, 500, path);
      const fault = gateway.gateway.generation.policies.report()[0]!.lastFault;
      t.match(fault?.message, /a policy may limit, decode and encode it 16 times, so say only once/);
    }
    t.equal(coderPlaces.request.taken + coderPlaces.response.taken, 0);
  });
}
