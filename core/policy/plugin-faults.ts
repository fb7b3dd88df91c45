/** What is told of a plugin that fails: in service, to its status and the log; while it is loaded, as an error. */

import type { HandlerName } from "../../sdk/runtime/message.ts";
import type { Logger } from "../observe/log.ts";
import { type LoggedText, loggedText } from "../observe/logged-text.ts";
import {
  createStackMapper,
  type MappedStack,
  placeText,
  type SourcePosition,
  type StackMapper,
} from "../observe/stack-trace.ts";
import { GuestFault, type GuestScript } from "../sandbox/engine.ts";
import type { PluginCode } from "./bundle.ts";
import { faultLines } from "./fault-lines.ts";
import { faultFields, faultStack } from "./fault-stack.ts";
import { type GuestLoss, GuestLostError } from "./guest/call.ts";
import type { SharedServices } from "./guest/services.ts";
import { type HandlerFrames, handlerFrames } from "./handler-places.ts";
import { type LoadSubject, PluginLoadError } from "./load-error.ts";
import type { Manifest } from "./manifest.ts";
import type { GuestError } from "./outcome.ts";
import type { Fault, PluginStatus } from "./plugin-status.ts";
import type { PolicyFault } from "./policy.ts";

export class PluginFaults {
  readonly mapStack: StackMapper;
  readonly logged: LoggedText;
  private readonly script: GuestScript;
  private handlers: HandlerFrames = new Map();
  private readonly plugin: string;
  private readonly status: PluginStatus;
  private readonly shared: SharedServices;
  private readonly log: Logger;
  private readonly admitLine: (phase: HandlerName) => number | null;

  constructor(
    { name, map, script, folder }: PluginCode,
    status: PluginStatus,
    shared: SharedServices,
    log: Logger,
  ) {
    this.plugin = name;
    this.script = script;
    this.status = status;
    this.shared = shared;
    this.log = log;
    this.mapStack = createStackMapper(map, { script: script.name, folder });
    this.logged = loggedText(this.mapStack, script.name);
    this.admitLine = faultLines(() => shared.clock.now());
  }

  knowHandlers(sources: Manifest["sources"]): void {
    this.handlers = handlerFrames(this.script, sources);
  }

  // --- in service

  onThrow({ phase, fault, about, hostError }: PolicyFault): MappedStack {
    const mapped = this.withPlace(faultStack(fault, this.mapStack, this.logged), phase);
    const { top } = mapped;
    this.count({ phase, cause: "throw", message: `${fault.name}: ${fault.message}`, position: top });
    const suppressed = this.admitLine(phase);
    if (suppressed === null) return mapped;
    this.log.error(
      {
        plugin: this.plugin,
        ...about,
        phase,
        at: placeText(top),
        ...faultFields(mapped),
        ...(suppressed > 0 && { suppressed }),
        ...(hostError !== undefined && { err: hostError }),
      },
      "Policy failed",
    );
    return mapped;
  }

  /** No request fails by it, and no other one comes. */
  onTeardown(fault: GuestError): void {
    const mapped = faultStack(fault, this.mapStack, this.logged);
    this.log.warn(
      { plugin: this.plugin, at: placeText(mapped.top), ...faultFields(mapped) },
      "Plugin failed in teardown",
    );
  }

  /** Where nobody knows where it was, its handler is told. */
  private withPlace(found: MappedStack, phase: HandlerName): MappedStack {
    const frame = found.top === null ? this.handlers.get(phase) : undefined;
    return frame === undefined ? found : this.mapStack(`${found.text}\n${frame}`);
  }

  /** @returns where the guest was; null: nobody knows */
  onLost(loss: GuestLoss, quarantined: boolean): MappedStack | null {
    const { plugin } = this;
    const { cause, phase = null, message } = loss;
    const at = this.placeOfLoss(loss, phase);
    this.count({ phase, cause, message, position: at?.top ?? null });
    const found = message.replace(`Guest ${plugin} `, "its guest ");
    this.log.error(
      {
        plugin,
        phase,
        cause,
        quarantined,
        ...(at !== null && { at: placeText(at.top), ...faultFields(at) }),
      },
      `Plugin ${plugin}: ${found}${phase === null ? "" : ` in ${phase}`}`,
    );
    return at;
  }

  /** @returns where the guest was; null: nobody knows */
  placeOfLoss(
    { message, guestStack = "" }: { message: string; guestStack?: string },
    phase: HandlerName | null = null,
  ): MappedStack | null {
    const stack = guestStack || (phase !== null && this.handlers.get(phase)) || "";
    return stack === "" ? null : this.mapStack(`${message}\n${stack}`);
  }

  private count(fault: Fault): void {
    this.status.onFault(fault);
    this.shared.onFault?.(this.plugin, fault);
  }

  // --- while it is loaded

  /** @param doing what could not be done, as a sentence begins */
  loadError(error: unknown, doing: string, subject: LoadSubject = "export"): PluginLoadError {
    if (error instanceof PluginLoadError) return error;
    if (error instanceof GuestFault && error.kind === "load")
      return this.loadFault(parseFault(error.message), "its top level", "export");
    const message = error instanceof Error ? error.message : String(error);
    const text = `${doing}: ${message}${this.wayOut(error)}`;
    const found = new PluginLoadError(this.plugin, text, this.placeOf(error), subject);
    found.isOutOfTime = passedLimit(error) === "cpu";
    return found;
  }

  /** What the plugin itself threw. */
  loadFault(fault: GuestError, where: string, subject: LoadSubject): PluginLoadError {
    const { top } = faultStack(fault, this.mapStack, this.logged);
    return new PluginLoadError(this.plugin, `${fault.name} in ${where}: ${fault.message}`, top, subject);
  }

  private placeOf(error: unknown): SourcePosition | null {
    if (error instanceof GuestLostError) return error.loss.at?.top ?? null;
    return error instanceof GuestFault ? (this.placeOfLoss(error)?.top ?? null) : null;
  }

  /** What to do about a limit that was passed. */
  private wayOut(error: unknown): string {
    const cause = passedLimit(error);
    if (cause === null) return "";
    const place = error instanceof GuestFault ? "its top level" : "setup";
    const setting = `plugins.settings.${this.plugin}.limits.${cause}`;
    return cause === "cpu"
      ? `; do less in ${place}, or allow more under ${setting}`
      : `; keep less, or allow more under ${setting}`;
  }
}

/** The limit that ended a guest; null: none. */
function passedLimit(error: unknown): "cpu" | "memory" | null {
  if (error instanceof GuestFault) return error.kind === "cpu" || error.kind === "memory" ? error.kind : null;
  if (!(error instanceof GuestLostError)) return null;
  const { cause } = error.loss;
  return cause === "cpu" || cause === "memory" ? cause : null;
}

function parseFault(text: string): GuestError {
  try {
    return JSON.parse(text) as GuestError;
  } catch {
    return { name: "Error", message: text, stack: "" };
  }
}
