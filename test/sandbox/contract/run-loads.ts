import type { Test } from "tap";
import { PluginLoadError } from "../../../core/policy/load-error.ts";
import type { EngineName } from "../../../core/sandbox/engine.ts";
import { startPolicyGateway } from "../../support/policies.ts";
import { type LoadCheck, pluginText } from "./check.ts";

/** Nobody connects to it. */
const nowhere = { host: "127.0.0.1", port: 1 };

/** Starts a gateway with each plugin. */
export async function runLoadChecks(
  t: Test,
  engine: EngineName,
  checks: readonly LoadCheck[],
): Promise<void> {
  for (const { title, plugin, settings = {}, grantDeclared, refused, at, exempt } of checks) {
    const skip = exempt?.[engine] ?? false;
    await t.test(title, { skip }, async (t) => {
      const started = startPolicyGateway(t, nowhere, {
        engine,
        plugins: { "p.ts": pluginText(plugin) },
        settings: { p: settings },
        grantDeclared: grantDeclared ?? true,
      });
      if (refused === null) {
        await t.resolves(started);
        return;
      }
      const error = await started.then(
        () => null,
        (error: unknown) => error,
      );
      t.ok(error instanceof PluginLoadError, "it is refused");
      t.match((error as Error | null)?.message, refused);
      if (at === undefined) return;
      const position = (error as PluginLoadError).position;
      t.equal(position && String(position.line), at, "the place in the author's text");
    });
  }
}
