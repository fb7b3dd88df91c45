/** What the admin pages tell of a plugin. */
import type { HandlerName, PhaseName } from "../../sdk/runtime/message.ts";
import type { Grants, PluginLimits } from "../config/model.ts";
import { placeText, type SourcePosition } from "../observe/stack-trace.ts";
import type { PluginCode } from "./bundle.ts";
import type { Manifest } from "./manifest.ts";

export type FaultCause = "throw" | "cpu" | "memory" | "crash" | "protocol" | "quarantined";

export interface Fault {
  /** Null when the guest was lost, with all phases in it, and nobody knows in which. */
  readonly phase: HandlerName | null;
  readonly cause: FaultCause;
  readonly message: string;
  readonly position: SourcePosition | null;
}

/** Plain JSON. */
export interface PluginReport {
  readonly name: string;
  readonly file: string;
  readonly hash: string;
  readonly engine: string;
  readonly description: string | null;
  readonly phases: readonly PhaseName[];
  /** Whether it finds endpoints. */
  readonly discovers: boolean;
  /** What a fault means for a request; null: the plugin was not asked. */
  readonly onFailure: "closed" | "open" | null;
  readonly capabilities: Grants | null;
  readonly limits: PluginLimits | null;
  readonly state: "ready" | "quarantined";
  readonly memoryBytes: number;
  /** Requests that it was asked about. */
  readonly requests: number;
  /** Faults by cause. */
  readonly faults: Readonly<Record<string, number>>;
  readonly lastFault: {
    readonly phase: string | null;
    readonly cause: string;
    readonly message: string;
    /** `file:line:column` of the author's text. */
    readonly at: string | null;
    /** In ms since 1970. */
    readonly time: number;
  } | null;
  readonly droppedLogLines: number;
}

export class PluginStatus {
  droppedLogLines = 0;
  /** Faults since the generation began, of any cause. */
  faultCount = 0;
  private readonly code: PluginCode;
  private readonly engine: string;
  private manifest: Manifest | null = null;
  private limits: PluginLimits | null = null;
  private grants: Grants | null = null;
  private onFailure: PluginReport["onFailure"] = null;
  private readonly faults: Record<string, number> = {};
  private lastFault: PluginReport["lastFault"] = null;

  constructor(code: PluginCode, engine: string) {
    this.code = code;
    this.engine = engine;
  }

  describe(
    manifest: Manifest,
    limits: PluginLimits,
    grants: Grants,
    onFailure: NonNullable<PluginReport["onFailure"]>,
  ): void {
    this.manifest = manifest;
    this.limits = limits;
    this.grants = grants;
    this.onFailure = onFailure;
  }

  onFault({ phase, cause, message, position }: Fault): void {
    this.faultCount++;
    this.faults[cause] = (this.faults[cause] ?? 0) + 1;
    const at = placeText(position);
    this.lastFault = { phase, cause, message: message.slice(0, 1000), at, time: Date.now() };
  }

  report(state: PluginReport["state"], memoryBytes: number, requests: number): PluginReport {
    const { name, file, hash } = this.code;
    return {
      name,
      file,
      hash,
      engine: this.engine,
      description: this.manifest?.description ?? null,
      phases: [...(this.manifest?.phases ?? this.code.quarantined?.phases ?? [])],
      discovers: this.manifest?.discovers ?? false,
      onFailure: this.onFailure ?? this.code.quarantined?.onFailure ?? null,
      capabilities: this.grants,
      limits: this.limits,
      state,
      memoryBytes,
      requests,
      faults: this.faults,
      lastFault: this.lastFault,
      droppedLogLines: this.droppedLogLines,
    };
  }
}
