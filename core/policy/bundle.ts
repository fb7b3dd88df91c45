import type { PhaseName } from "../../sdk/runtime/message.ts";
import type { GuestScript } from "../sandbox/engine.ts";

/** The code of all plugins, compiled: plain JSON, so it crosses process and thread boundaries as it is. */
export interface PolicyBundle {
  readonly runtime: GuestScript;
  /** In the order of their file names. */
  readonly plugins: readonly PluginCode[];
}

export interface PluginCode {
  readonly name: string;
  /** As the operator knows it: `plugins/10-tenant.ts`. */
  readonly file: string;
  readonly script: GuestScript;
  /** Source map of the script. */
  readonly map: string;
  /** Put before the names of files in the map. */
  readonly folder: string;
  /** Of everything that went into the script. */
  readonly hash: string;
  /** Its code is not to be run at all: it has ended the data process again and again. */
  readonly quarantined?: QuarantinedPlugin;
}

/** What is known of a plugin whose code nobody asks any more. */
export interface QuarantinedPlugin {
  readonly phases: readonly PhaseName[];
  readonly onFailure: "closed" | "open";
}
