import type { Test } from "tap";
import type { EngineName } from "../../../core/sandbox/engine.ts";
import { get } from "../../support/gateway.ts";
import { startPolicyGateway } from "../../support/policies.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";
import type { ValueCheck } from "./check.ts";

interface Answer {
  readonly value?: unknown;
  readonly thrown?: string;
}

/** Runs code in one guest, check by check, and compares what it comes to. */
export async function runValueChecks(
  t: Test,
  engine: EngineName,
  checks: readonly ValueCheck[],
): Promise<void> {
  const upstream = await startUpstream(t, () => ok("upstream"));
  const gateway = await startPolicyGateway(t, upstream.address, {
    engine,
    plugins: { "checks.ts": guestText(checks) },
  });
  for (const [index, { title, expected, throws, exempt }] of checks.entries()) {
    const skip = exempt?.[engine] ?? false;
    await t.test(title, { skip }, async (t) => {
      const { body } = await gateway.ask(get("/", `X-Check: ${index}`));
      const answer = JSON.parse(Buffer.from(body, "latin1").toString()) as Answer;
      t.strictSame(answer, throws === undefined ? { value: expected } : { thrown: throws });
    });
  }
}

/** A plugin that runs the check which a request asks for. */
function guestText(checks: readonly ValueCheck[]): string {
  const functions = checks.map(({ code }) => `async (request, ctx) => {\n${code}\n}`);
  return `import { definePlugin } from "sluice/sdk";
const checks = [${functions.join(",\n")}];
export default definePlugin({
  capabilities: { kv: true },
  async onRequest(request, ctx) {
    try {
      const value = await checks[Number(request.headers.get("x-check"))](request, ctx);
      return Response.json({ value });
    } catch (error) {
      return Response.json({ thrown: error?.name ?? String(error) });
    }
  },
});
`;
}
