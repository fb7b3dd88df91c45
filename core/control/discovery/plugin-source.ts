import type { DiscoveryConfig } from "../../config/traffic-model.ts";
import { describe } from "../../discovery/describe.ts";
import { type PluginAnswer, readPluginAnswer } from "../../discovery/plugin-answer.ts";
import { repeating } from "../../discovery/run-source.ts";
import { type DiscoverySource, type SourceOptions, settingOf } from "../../discovery/source.ts";
import { SourceProblem } from "../../discovery/source-problem.ts";

type PluginConfig = Extract<DiscoveryConfig, { kind: "plugin" }>;

/** Proxies that were started together do not ask together: so much of the time between two rounds is drawn. */
const jitter = 0.2;

/** A source that can be asked before its time. */
export interface PluginSource extends DiscoverySource {
  /** The plugins are others, or were loaded anew: what is under way counts no more, and they are asked at once. */
  askAgain(): void;
}

/**
 * A plugin that finds the endpoints of a cluster. It runs in the data process, which is asked for it; what it found is
 * checked here.
 *
 * @param ask has the data process ask the plugin once; rejects when there is no answer
 */
export function pluginSource(
  config: PluginConfig,
  ask: () => Promise<PluginAnswer>,
  options: SourceOptions = {},
): PluginSource {
  const setting = settingOf(options);
  let changed = Promise.withResolvers<null>();
  let wakeUp = () => {};
  const source = repeating(describe(config), setting, (wake) => {
    wakeUp = wake;
    return {
      async ask(tell) {
        const answer = await Promise.race([ask().catch(toProblem), changed.promise]);
        if (answer === null) return 0;
        tell(readPluginAnswer(answer));
        return Math.round(config.every * (1 - jitter / 2 + jitter * setting.random()));
      },
      close() {},
    };
  });
  return {
    start: (listener) => source.start(listener),
    close: () => source.close(),
    askAgain() {
      changed.resolve(null);
      changed = Promise.withResolvers();
      wakeUp();
    },
  };
}

function toProblem(error: unknown): never {
  throw new SourceProblem("failed", error instanceof Error ? error.message : String(error));
}
