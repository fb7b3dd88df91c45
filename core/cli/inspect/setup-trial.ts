import { loadProblem } from "../../data/load-problem.ts";
import type { PolicyBundle } from "../../policy/bundle.ts";
import { PluginLoadError } from "../../policy/load-error.ts";
import type { Plugin } from "../../policy/plugin.ts";
import type { PluginProblem } from "../../reload/problem.ts";
import type { ClosedServices } from "./closed-services.ts";

/** Why a config is not known to be good: the plugin refuses it, or wants something of the outside to tell. */
export interface Refusal {
  readonly kind: "config" | "untried";
  readonly message: string;
}

/** Runs the `setup` of one plugin for each config that it is given, with nothing outside in reach. */
export class SetupTrial {
  /** What is wrong in the plugin's own text; each once, however many routes meet it. */
  readonly problems: PluginProblem[] = [];
  private readonly plugin: Plugin;
  private readonly bundle: PolicyBundle;
  private readonly closed: ClosedServices;

  constructor(plugin: Plugin, bundle: PolicyBundle, closed: ClosedServices) {
    this.plugin = plugin;
    this.bundle = bundle;
    this.closed = closed;
  }

  /**
   * @param attempt to use the plugin with a config
   * @returns null where nothing is wrong, or where that is in `problems`
   */
  async refusal(attempt: () => Promise<unknown>): Promise<Refusal | null> {
    // Its guest is gone, with what ended it told.
    if (this.plugin.status.faultCount > 0) return null;
    this.closed.takeAsked();
    try {
      await attempt();
      return null;
    } catch (error) {
      if (!(error instanceof PluginLoadError)) throw error;
      return this.judge(error, this.closed.takeAsked());
    }
  }

  private judge(error: PluginLoadError, asked: readonly string[]): Refusal | null {
    const { name } = this.plugin.code;
    if (asked.length > 0) {
      const message = `setup of ${name} asks ${asked.join(", ")}, which nobody does before the start: it was not tried`;
      return { kind: "untried", message };
    }
    const ofConfig = `Cannot use the config of ${name}: `;
    if (error.message.startsWith(ofConfig))
      return { kind: "config", message: error.message.slice(ofConfig.length) };
    addOnce(this.problems, loadProblem(error, this.bundle)!);
    return null;
  }
}

function addOnce(problems: PluginProblem[], next: PluginProblem): void {
  const isSame = ({ file, line, column, message }: PluginProblem) =>
    file === next.file && line === next.line && column === next.column && message === next.message;
  if (!problems.some(isSame)) problems.push(next);
}
