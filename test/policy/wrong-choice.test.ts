/** Policies that send a request where there is nothing. */
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { testGateway } from "../../core/testing/index.ts";
import { onEachEngine } from "../support/each-engine.ts";

t.teardown(stopBundler);

const choices = [
  ["onRequest", "cluster", 'onRequest(_, ctx) { ctx.upstream.cluster = "nope"; }'],
  ["onRequest", "endpoint", 'onRequest(_, ctx) { ctx.upstream.endpoint = "1.2.3.4:80"; }'],
  ["onUpstream", "cluster", 'onUpstream(attempt) { attempt.cluster = "nope"; }'],
  ["onUpstream", "endpoint", 'onUpstream(attempt) { attempt.endpoint = "1.2.3.4:80"; }'],
  ["onUpstream", "cluster", 'onUpstream(attempt) { attempt.avoid([], { whenAll: { cluster: "nope" } }); }'],
] as const;

const upstream = (request: Request) => new Response(request.headers.get("x-before"));
const before = {
  source: 'export default { onRequest(request) { request.headers.set("x-before", "1"); } };',
  name: "before",
};

for (const [phase, what, members] of choices) {
  const source = `export default { ${members} };`;
  const fault = {
    plugin: "p",
    phase,
    cause: "throw",
    message: new RegExp(`^TypeError: Cannot choose the ${what} `),
  };

  onEachEngine(`a wrong ${what} in ${phase} is a fault of the policy: ${members}`, async (t, engine) => {
    await using gateway = await testGateway({ plugins: [before, { source, name: "p" }], engine, upstream });
    const response = await gateway.fetch("/");
    t.match([response.status, await response.text()], [500, /plugin_failed/]);
    t.match(gateway.faults, [fault]);
    t.equal(gateway.faults.length, 1);
  });

  onEachEngine(`a policy that fails open sends nothing astray: ${members}`, async (t, engine) => {
    const open = { source, name: "p", onFailure: "open" } as const;
    await using gateway = await testGateway({ plugins: [before, open], engine, upstream });
    const response = await gateway.fetch("/");
    t.same([response.status, await response.text()], [200, "1"]);
    t.match(gateway.faults, [fault]);
    t.equal(gateway.faults.length, 1);
  });
}

onEachEngine("what another policy chose stays where one that fails open is wrong", async (t, engine) => {
  const right = {
    source: 'export default { onRequest(_, ctx) { ctx.upstream.cluster = "other"; } };',
    name: "right",
  };
  const wrong = {
    source: 'export default { onFailure: "open", onRequest(_, ctx) { ctx.upstream.cluster = "nope"; } };',
    name: "wrong",
  };
  const lost = {
    source: 'export default { onFailure: "open", onUpstream(attempt) { attempt.endpoint = "1.2.3.4:80"; } };',
    name: "lost",
  };
  const clusters = { other: () => new Response("other") };
  await using gateway = await testGateway({ plugins: [right, wrong, lost], engine, upstream, clusters });
  t.equal(await (await gateway.fetch("/")).text(), "other");
  t.match(gateway.faults, [{ plugin: "wrong" }, { plugin: "lost" }]);
});
