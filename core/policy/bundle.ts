import type { PhaseName } from "../../sdk/runtime/message.ts";
import type { GuestScript } from "../sandbox/engine.ts";

/** The code of all plugins, compiled: plain JSON, so it crosses process and thread boundaries as it is. */
export interface PolicyBundle {
  readonly runtime: GuestScript;
  /** Those of the folder in the order of their file names, then the built-in ones that routes use. */
  readonly plugins: readonly PluginCode[];
  /** Names of all that are built in, for messages; absent: nobody looked. */
  readonly offered?: readonly string[];
}

/** The plugins of the folder: those that a route has which names none. */
export function folderPlugins({ plugins }: PolicyBundle): readonly PluginCode[] {
  return plugins.filter(({ builtIn }) => !builtIn);
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
  /** This installation brings it along. */
  readonly builtIn?: boolean;
  /** Its code is not to be run at all: it has ended the data process again and again. */
  readonly quarantined?: QuarantinedPlugin;
}

/** What tells two codes of one plugin apart where there is little room, of the hash of each. */
export function versionOf(hash: string): string {
  return hash.slice(0, 8);
}

/** What is known of a plugin whose code nobody asks any more. */
export interface QuarantinedPlugin {
  readonly phases: readonly PhaseName[];
  readonly onFailure: "closed" | "open";
}
