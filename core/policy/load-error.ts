import type { SourcePosition } from "../observe/stack-trace.ts";

/** What of a plugin is wrong, when no position tells where. */
export type LoadSubject =
  | "export"
  | "setup"
  | "config"
  | "capabilities"
  | "limits"
  | "onFailure"
  | { readonly member: string };

/** A policy of a route: both are numbers, as the config has them. */
export interface PolicyUse {
  readonly route: number;
  readonly index: number;
}

/** The discovery of a cluster. */
export interface FinderUse {
  readonly cluster: string;
}

/** A plugin that cannot be used: its code, its config or its grants do not allow it. */
export class PluginLoadError extends Error {
  override readonly name = "PluginLoadError";
  readonly plugin: string;
  /** Where in the author's text; null when it is not known. */
  readonly position: SourcePosition | null;
  readonly subject: LoadSubject | null;
  /** Whether it took more CPU time than it may. */
  isOutOfTime = false;
  /** What it is needed for; null: it is not known, or nothing. */
  use: PolicyUse | FinderUse | null = null;

  constructor(
    plugin: string,
    message: string,
    position: SourcePosition | null = null,
    subject: LoadSubject | null = null,
  ) {
    super(message);
    this.plugin = plugin;
    this.position = position;
    this.subject = subject;
  }
}
