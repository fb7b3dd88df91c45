import { defaultMaxPluginLimits } from "../../core/config/defaults.ts";
import { sharedServices } from "../../core/data/shared-services.ts";
import { Reactor } from "../../core/net/reactor.ts";
import { Metrics } from "../../core/observe/metrics.ts";
import type { Manifest } from "../../core/policy/manifest.ts";
import { Plugin } from "../../core/policy/plugin.ts";
import { compileBuiltIn } from "../../core/reload/built-in-bundle.ts";
import { compileRuntime } from "../../core/reload/compile-runtime.ts";
import type { EngineName } from "../../core/sandbox/engine.ts";
import { engineFor } from "../../core/sandbox/engines.ts";
import { recordingLog } from "../net/recording-log.ts";

/** Loads a built-in plugin in an engine and returns what it says of itself; `setup` is not run. */
export async function declared(name: string, engine: EngineName): Promise<Manifest> {
  const plugin = new Plugin({
    code: await compileBuiltIn(name),
    runtime: await compileRuntime(),
    settings: null,
    grantDeclared: true,
    maxLimits: defaultMaxPluginLimits,
    engine: await engineFor(engine),
    routes: [],
    clusters: [],
    reactor: new Reactor(new Metrics(), recordingLog()),
    shared: sharedServices(),
  });
  try {
    await plugin.load();
    return plugin.declared!;
  } finally {
    plugin.dispose();
  }
}
