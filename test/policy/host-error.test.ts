/** What the host did not foresee in a guest's answer ends a request, and never the process. */
import t, { type Test } from "tap";
import { BodyPhase } from "../../core/policy/body/phase.ts";
import { RequestDraft } from "../../core/policy/request-draft.ts";
import { ResponseDraft } from "../../core/policy/response-draft.ts";
import { stopBundler } from "../../core/reload/bundle.ts";
import { get } from "../support/gateway.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);

/** No guest is known that could make the host throw there, so the host is made to. */
function breakMethod(t: Test, target: object, name: string): Error {
  const own = Object.getOwnPropertyDescriptor(target, name)!;
  const error = new RangeError("made for a test");
  const value = () => {
    throw error;
  };
  Object.defineProperty(target, name, { ...own, value });
  t.teardown(() => Object.defineProperty(target, name, own));
  return error;
}

const broken = [
  [RequestDraft.prototype, "edit", "onRequest", 'request.headers.set("a", "b")'],
  [RequestDraft.prototype, "edit", "onUpstream", 'request.headers.set("a", "b")'],
  [ResponseDraft.prototype, "edit", "onResponse", 'request.headers.set("a", "b")'],
  [ResponseDraft.prototype, "become", "onResponse", 'return new Response("x")'],
  [BodyPhase.prototype, "result", "onResponseBody", 'return "x"'],
] as const;

for (const [target, name, phase, code] of broken) {
  t.test(`an error of the host in ${name} is a fault of ${phase}, and told with its stack`, async (t) => {
    const upstream = await startUpstream(t, () => ok("there"));
    for (const onFailure of ["closed", "open"] as const) {
      const gateway = await startPolicyGateway(t, upstream.address, {
        plugins: { "p.ts": `export default { ${phase}(request) { ${code}; } };` },
        settings: { p: { onFailure } },
      });
      await t.test(onFailure, async (t) => {
        const err = breakMethod(t, target, name);
        const client = await gateway.connect();
        client.write(get());
        if (onFailure === "open") t.match(await client.take("there"), /200 OK/);
        else if (phase === "onResponseBody") t.equal(await client.ended(), "reset");
        else t.match(await client.take("\r\n"), / 500 /);
        t.match(gateway.log.entries, [
          { level: "error", message: "Policy failed", fields: { plugin: "p", phase, err } },
        ]);
        t.match(gateway.gateway.generation.policies.report(), [{ faults: { throw: Number } }]);
      });
      t.equal((await gateway.ask(get())).status, 200, "it goes on");
    }
  });
}
