import type { SourcePosition } from "../observe/stack-trace.ts";

/** A plugin that cannot be used: its code, its config or its grants do not allow it. */
export class PluginLoadError extends Error {
  override readonly name = "PluginLoadError";
  readonly plugin: string;
  /** Where in the author's text; null when the whole plugin is meant. */
  readonly position: SourcePosition | null;

  constructor(plugin: string, message: string, position: SourcePosition | null = null) {
    super(message);
    this.plugin = plugin;
    this.position = position;
  }
}
