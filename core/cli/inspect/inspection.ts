/** What is asked of and told by the process that looks into plugins; plain JSON. */
import type { PhaseName } from "../../../sdk/runtime/message.ts";
import type { Config, Grants, PluginLimits } from "../../config/model.ts";
import type { PolicyBundle } from "../../policy/bundle.ts";
import type { PluginProblem } from "../../reload/problem.ts";

export interface InspectionOrder {
  readonly config: Config;
  readonly bundle: PolicyBundle;
  /** Every plugin of the folder; what cannot be compiled is not in the bundle. Those built in are not among them. */
  readonly names: readonly string[];
}

export interface Inspection {
  /** In the order of the bundle; without those that could not be loaded. */
  readonly plugins: readonly PluginFacts[];
  /** Why plugins could not be loaded or set up. */
  readonly problems: readonly PluginProblem[];
  /** What is wrong with the policies of routes. */
  readonly misuses: readonly Misuse[];
  /** What is wrong with the discovery of clusters. */
  readonly finderMisuses: readonly FinderMisuse[];
}

/** A plugin as this configuration would run it. */
export interface PluginFacts {
  readonly name: string;
  readonly file: string;
  /** This installation brings it along. */
  readonly builtIn: boolean;
  readonly engine: string;
  readonly description: string | null;
  readonly phases: readonly PhaseName[];
  /** Whether it finds endpoints. */
  readonly discovers: boolean;
  readonly onFailure: "closed" | "open";
  readonly limits: PluginLimits;
  /** What it may give itself. */
  readonly maxLimits: PluginLimits;
  /** What it asks for; of a built-in one, what it has. */
  readonly capabilities: Grants;
  /** What of it is not granted. */
  readonly missing: readonly string[];
}

/** A policy of a route that cannot be, or of which that cannot be known. */
export interface Misuse {
  readonly kind: "unknown plugin" | "config" | "untried";
  /** Number of the route in the configuration. */
  readonly route: number;
  /** Place among the route's policies. */
  readonly index: number;
  readonly plugin: string;
  readonly message: string;
}

/** A cluster whose endpoints a plugin cannot find. */
export interface FinderMisuse {
  readonly kind: "unknown plugin" | "no discover" | "config" | "untried";
  readonly cluster: string;
  readonly plugin: string;
  readonly message: string;
}

/** Whether no request meets the plugin: routes that name no policies do without it. */
export function onlyDiscovers({ discovers, phases }: PluginFacts): boolean {
  return discovers && phases.length === 0;
}
