/** A plugin learns that nobody reads its stream any more, whatever phases it has. */
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { until } from "../net/until.ts";
import { onEachEngine } from "../support/each-engine.ts";
import { get } from "../support/gateway.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);

/** Later phases of the plugin that answers. */
const phases: Readonly<Record<string, string>> = {
  "no later phase": "",
  "an onLog": "onLog() {},",
  "an onLog that waits": "async onLog(_, ctx) { await ctx.kv.get('k'); },",
  "an onResponse": "onResponse() {},",
};

const streaming = (more: string) => `export default { capabilities: { kv: true }, ${more}
  onRequest(_, ctx) {
    ctx.signal.addEventListener("abort", () => console.log("aborted"));
    return new Response(new ReadableStream({
      start(controller) { controller.enqueue(new Uint8Array(4)); },
      cancel() { console.log("cancelled"); },
    }));
  } };`;

for (const [what, more] of Object.entries(phases)) {
  onEachEngine(`a client that leaves ends the stream of a plugin with ${what}`, async (t, engine) => {
    const upstream = await startUpstream(t, () => ok("upstream"));
    const plugins = { "p.ts": streaming(more) };
    const gateway = await startPolicyGateway(t, upstream.address, { plugins, engine });
    for (let times = 1; times <= 3; times++) {
      const client = await gateway.connect();
      client.write(get());
      await client.take("\r\n4\r\n");
      client.socket.destroy();
      await until(() => gateway.lines.length >= 2 * times);
    }
    const said = gateway.lines.map(({ message }) => message);
    t.strictSame(said.toSorted(), [...Array(3).fill("aborted"), ...Array(3).fill("cancelled")]);
  });

  onEachEngine(`a HEAD request ends the stream of a plugin with ${what}`, async (t, engine) => {
    const upstream = await startUpstream(t, () => ok("upstream"));
    const plugins = { "p.ts": streaming(more) };
    const gateway = await startPolicyGateway(t, upstream.address, { plugins, engine });
    const client = await gateway.connect();
    for (let times = 1; times <= 3; times++) {
      client.write("HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n");
      await client.take("\r\n\r\n");
      await until(() => gateway.lines.length >= times);
    }
    t.strictSame(
      gateway.lines.map(({ message }) => message),
      Array(3).fill("cancelled"),
    );
    t.equal(client.text, "");
  });
}

onEachEngine("a HEAD request ends the stream that a response is replaced with", async (t, engine) => {
  const upstream = await startUpstream(t, () => "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  const source = `export default { onResponse() {
    return new Response(new ReadableStream({ cancel() { console.log("cancelled"); } }));
  } };`;
  const gateway = await startPolicyGateway(t, upstream.address, { plugins: { "p.ts": source }, engine });
  const client = await gateway.connect();
  for (let times = 1; times <= 3; times++) {
    client.write("HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    t.match(await client.take("\r\n\r\n"), /^HTTP\/1.1 200 /);
    await until(() => gateway.lines.length >= times);
  }
  t.equal(client.text, "");
});
