/** A plugin of one generation: its guest, its instances, and what the operator lets it do. */
import { MessageKind, type PolicySetup } from "../../sdk/runtime/message.ts";
import { noGrants } from "../config/defaults.ts";
import type { Grants, PluginLimits, PluginSettings } from "../config/model.ts";
import type { Reactor } from "../net/reactor.ts";
import type { Engine, Guest, GuestScript, HostCall } from "../sandbox/engine.ts";
import { loadNetwork } from "../sandbox/host/fetch/part.ts";
import type { HostServices } from "../sandbox/host/services.ts";
import { GivenRoom } from "./body/given-room.ts";
import { HandedBodies } from "./body/handed-bodies.ts";
import { decideGrants } from "./built-in.ts";
import { type PluginCode, type QuarantinedPlugin, versionOf } from "./bundle.ts";
import type { PatternsAsked } from "./config-patterns.ts";
import { PluginGuest } from "./guest/plugin-guest.ts";
import { guestServices, type SharedServices } from "./guest/services.ts";
import { type LoadSubject, PluginLoadError } from "./load-error.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import type { GuestError } from "./outcome.ts";
import { PluginFaults } from "./plugin-faults.ts";
import { decideLimits } from "./plugin-limits.ts";
import { type PluginReport, PluginStatus } from "./plugin-status.ts";
import { lastPhaseOf, type Policy } from "./policy.ts";
import { checkPolicyConfig } from "./policy-config.ts";

/** Time for `setup` and for the top level of a plugin, in ms. */
const setupTime = 5000;

export interface PluginOptions {
  readonly code: PluginCode;
  readonly runtime: GuestScript;
  readonly settings: PluginSettings | null;
  readonly grantDeclared: boolean;
  /** How long it is worth its price from the first entry on to know where a guest uses up its time, in ms. Absent: 0. */
  readonly findsLoopsFor?: number;
  /** What the plugin may give itself. */
  readonly maxLimits: PluginLimits;
  readonly engine: Engine;
  /** Names of routes, by number. */
  readonly routes: readonly string[];
  /** Their clusters. */
  readonly clusters: readonly (string | null)[];
  readonly reactor: Reactor;
  readonly shared: SharedServices;
}

export class Plugin {
  readonly code: PluginCode;
  readonly status: PluginStatus;
  private readonly options: PluginOptions;
  private readonly faults: PluginFaults;
  private readonly guest: PluginGuest;
  private readonly setups: PolicySetup[] = [];
  /** Their configs, as JSON. */
  private readonly configs: string[] = [];
  private readonly policies: Policy[] = [];
  /** By config as it is written, as JSON. */
  private readonly byWritten = new Map<string, Policy>();
  private manifest: Manifest | null = null;
  /** Whether whoever makes the generation hears of all that fails. */
  private isLoading = false;
  private limits: PluginLimits;
  private grants: Grants = noGrants;
  private readonly handed = new HandedBodies();
  /** Null while it has no policy: its memory may not be known yet. */
  private room: GivenRoom | null = null;

  constructor(options: PluginOptions) {
    const { code, settings, maxLimits, reactor } = options;
    this.options = options;
    this.code = code;
    this.limits = decideLimits(code.name, {}, settings?.limits ?? {}, maxLimits);
    this.status = new PluginStatus(code, options.engine.name);
    this.faults = new PluginFaults(code, this.status, options.shared, reactor.log);
    this.guest = new PluginGuest({
      turn: reactor.turn,
      create: (host, services, findsLoops) => this.createGuest(host, services, findsLoops),
      prepare: () => this.setUpAll(),
      services: () => this.services(),
      onLost: (loss) =>
        this.isLoading ? this.faults.placeOfLoss(loss) : this.faults.onLost(loss, this.isQuarantined),
      findsLoopsFor: options.findsLoopsFor ?? 0,
    });
  }

  /**
   * Loads the code and finds out what the plugin is. Nothing of a quarantined plugin is run.
   *
   * @throws PluginLoadError
   */
  async load(): Promise<void> {
    if (this.code.quarantined !== undefined) this.guest.quarantine.close();
    else await this.loading(() => this.become());
  }

  private async become(): Promise<void> {
    await this.start();
    const manifest = await this.readManifest();
    const before = this.limits.memory;
    this.manifest = manifest;
    this.faults.knowHandlers(manifest.sources);
    this.limits = this.decideLimits(manifest);
    this.grants = this.decideGrants(manifest);
    this.status.describe(manifest, this.limits, this.grants, this.onFailureOf(manifest));
    if (this.limits.memory !== before) await this.start();
    // Whoever is entered last is blamed for what keeps everybody waiting.
    if (this.options.shared.outbound === null && /\bfetch\(/.test(this.code.script.code)) await loadNetwork();
  }

  private async start(): Promise<void> {
    try {
      await this.guest.start();
    } catch (error) {
      throw this.faults.loadError(error, "Cannot load the plugin");
    }
  }

  /**
   * A policy of this plugin; the same config twice is the same policy.
   *
   * @throws PluginLoadError when the config does not fit, or `setup` throws
   */
  async policy(written: unknown): Promise<Policy> {
    const { quarantined } = this.code;
    if (quarantined !== undefined) return this.quarantinedPolicy(quarantined);
    return this.loading(() => this.makePolicy(written));
  }

  private async loading<Result>(work: () => Promise<Result>): Promise<Result> {
    this.isLoading = true;
    try {
      return await work();
    } finally {
      this.isLoading = false;
    }
  }

  private async makePolicy(written: unknown): Promise<Policy> {
    const { routes, clusters } = this.options;
    const manifest = this.manifest!;
    const asWritten = JSON.stringify(written);
    const same = this.byWritten.get(asWritten);
    if (same !== undefined) return same;
    const config = await this.configOf(written);
    const text = JSON.stringify(config);
    const known = this.configs.indexOf(text);
    if (known >= 0) return this.remember(asWritten, this.policies[known]!);
    const setup: PolicySetup = {
      name: this.code.name,
      config,
      env: this.options.shared.environment(this.grants.env),
      envNames: this.grants.env,
      routes,
      clusters,
      wallMs: this.limits.wall,
    };
    const skipped = await this.setUp(setup, this.setups.length);
    this.setups.push(setup);
    this.configs.push(text);
    const phases = new Set([...manifest.phases].filter((phase) => !skipped.includes(phase)));
    const policy = this.createPolicy(phases, this.onFailureOf(manifest), this.policies.length);
    this.policies.push(policy);
    return this.remember(asWritten, policy);
  }

  private remember(written: string, policy: Policy): Policy {
    this.byWritten.set(written, policy);
    return policy;
  }

  /**
   * A config with the schema's defaults.
   *
   * @param written null: that of the plugin's settings
   * @throws PluginLoadError when it does not fit
   */
  async configOf(written: unknown): Promise<unknown> {
    const { settings } = this.options;
    const { config: schema } = this.manifest!;
    try {
      return await checkPolicyConfig(schema, written ?? settings?.config ?? null, (asked) =>
        this.match(asked),
      );
    } catch (error) {
      if (error instanceof PluginLoadError) throw error;
      const message = `Cannot use the config of ${this.code.name}: ${(error as Error).message}`;
      throw new PluginLoadError(this.code.name, message, null, "config");
    }
  }

  private async match(asked: PatternsAsked): Promise<unknown> {
    const outcome = await this.asking("config", () =>
      this.guest.ask(MessageKind.match, JSON.stringify(asked), setupTime),
    );
    if (outcome.kind === "fault") throw new Error(`${outcome.fault.name}: ${outcome.fault.message}`);
    return outcome.kind === "json" ? outcome.value : null;
  }

  private onFailureOf(manifest: Manifest): Policy["onFailure"] {
    return this.options.settings?.onFailure ?? manifest.onFailure ?? "closed";
  }

  /** Each call of it is lost: nobody is there. */
  private quarantinedPolicy({ phases, onFailure }: QuarantinedPlugin): Policy {
    this.policies[0] ??= this.createPolicy(new Set(phases), onFailure, 0);
    return this.policies[0];
  }

  private createPolicy(phases: Policy["phases"], onFailure: Policy["onFailure"], instance: number): Policy {
    // Code that runs in the host has no memory of its own that it could pass the limit of.
    this.room ??= new GivenRoom(this.isSandboxed ? this.limits.memory : Number.POSITIVE_INFINITY);
    return {
      name: this.code.name,
      guest: this.guest,
      instance,
      phases,
      namesPriority: this.code.script.code.includes("priority"),
      lastPhase: lastPhaseOf(phases),
      onFailure,
      wallMs: this.limits.wall,
      bodyBytes: this.limits.body,
      handed: this.handed,
      room: this.room,
      setsIdentity: this.grants.identity,
      onFault: (fault) => this.faults.onThrow(fault),
    };
  }

  /** What the plugin says of itself; only after it was loaded. */
  get declared(): Manifest | null {
    return this.manifest;
  }

  /** What of that it may have. */
  get granted(): Grants {
    return this.grants;
  }

  /** Whether no request meets it: it is there for the endpoints of clusters. */
  get onlyDiscovers(): boolean {
    return this.manifest?.discovers === true && this.manifest.phases.size === 0;
  }

  report(): PluginReport {
    const { guest } = this;
    const state = guest.quarantine.isClosed ? "quarantined" : "ready";
    return this.status.report(state, guest.memoryUsed(), guest.exchanges.begun);
  }

  private get isSandboxed(): boolean {
    return this.options.engine.name !== "inline";
  }

  get isIdle(): boolean {
    return this.guest.exchanges.live === 0;
  }

  get isQuarantined(): boolean {
    return this.guest.quarantine.isClosed;
  }

  /**
   * Waits until what the guest has begun is done, lets `teardown` run, then frees the guest. Never throws.
   *
   * @param cut ends the waiting; its reason is told
   */
  async close(cut: AbortSignal): Promise<void> {
    const { log } = this.options.reactor;
    const plugin = this.code.name;
    try {
      const left = await this.guest.finish(cut);
      if (left !== null)
        log.warn({ plugin, ...left, because: cut.reason }, "Plugin is ended before its work is done");
      if (this.guest.isReady) {
        const outcome = await this.guest.ask(`${MessageKind.teardown}`, "", setupTime);
        if (outcome.kind === "fault") this.faults.onTeardown(outcome.fault);
      }
    } catch (error) {
      log.warn({ plugin, err: error }, "Plugin failed in teardown");
    }
    this.guest.dispose();
  }

  dispose(): void {
    this.guest.dispose();
  }

  // --- the guest

  private createGuest(host: HostCall, { counters }: HostServices, findsLoops: boolean): Promise<Guest> {
    const { code, runtime, engine } = this.options;
    return engine.create({
      name: code.name,
      version: versionOf(code.hash),
      runtime,
      plugin: code.script,
      limits: { cpuMs: this.limits.cpu, memoryBytes: this.limits.memory },
      findsLoops,
      host,
      counters: engine.name === "inline" ? counters : null,
    });
  }

  private services(): ReturnType<typeof guestServices> {
    const { shared, reactor } = this.options;
    // The first guest tells what the grants and limits are.
    const grants = () => this.grants;
    const limits = () => this.limits;
    return guestServices(shared, {
      plugin: this.code.name,
      get grants() {
        return grants();
      },
      get limits() {
        return limits();
      },
      isSandboxed: this.isSandboxed,
      exchanges: () => this.guest.exchanges,
      exchangeOf: (slot) => this.guest.exchangeOf(slot),
      handed: this.handed,
      log: reactor.log,
      mapStack: this.faults.mapStack,
      logged: this.faults.logged,
      status: this.status,
    });
  }

  private async setUpAll(): Promise<void> {
    for (const [instance, setup] of this.setups.entries()) await this.setUp(setup, instance);
  }

  /** @returns the handlers that are not to be called for this config */
  private async setUp(setup: PolicySetup, instance: number): Promise<readonly unknown[]> {
    const outcome = await this.asking("setup", () =>
      this.guest.ask(MessageKind.setup, JSON.stringify(setup), setupTime, instance),
    );
    if (outcome.kind === "fault") throw this.setupError(outcome.fault);
    return outcome.kind === "json" && Array.isArray(outcome.value) ? outcome.value : [];
  }

  /** What a built-in plugin refuses is the operator's to change: its own lines would say nothing to him. */
  private setupError(fault: GuestError): PluginLoadError {
    const { name, builtIn } = this.code;
    const isRefusal = fault.name === "Error" || fault.message.startsWith("config");
    if (!builtIn || !isRefusal) return this.faults.loadFault(fault, "setup", "setup");
    return new PluginLoadError(name, `Cannot use the config of ${name}: ${fault.message}`, null, "config");
  }

  private async readManifest(): Promise<Manifest> {
    const outcome = await this.asking("export", () => this.guest.ask(MessageKind.manifest, "", setupTime));
    if (outcome.kind === "fault") throw this.faults.loadFault(outcome.fault, "its manifest", "export");
    try {
      return readManifest(outcome.kind === "json" ? outcome.value : null);
    } catch (error) {
      const { message } = error as Error;
      throw new PluginLoadError(this.code.name, message, null, subjectOf(message));
    }
  }

  private async asking<Result>(subject: LoadSubject, ask: () => Promise<Result>): Promise<Result> {
    try {
      return await ask();
    } catch (error) {
      throw this.faults.loadError(error, "Cannot set up the plugin", subject);
    }
  }

  private decideLimits(manifest: Manifest): PluginLimits {
    const { settings, maxLimits } = this.options;
    try {
      return decideLimits(this.code.name, manifest.limits, settings?.limits ?? {}, maxLimits);
    } catch (error) {
      throw new PluginLoadError(this.code.name, (error as Error).message, null, "limits");
    }
  }

  private decideGrants(manifest: Manifest): Grants {
    const { settings, grantDeclared } = this.options;
    const { grants, missing } = decideGrants(this.code, manifest.capabilities, settings, grantDeclared);
    if (missing.length === 0) return grants;
    const found = `Cannot use the plugin: it asks for ${missing.join(", ")}, which is not granted`;
    throw new PluginLoadError(
      this.code.name,
      `${found}; grant it under plugins.settings.${this.code.name}.grants`,
      null,
      "capabilities",
    );
  }
}

/** Of a message of `readManifest`. */
function subjectOf(message: string): LoadSubject {
  const found = /^Cannot use (?:(config|capabilities|limits|onFailure)\b|([\w$]+):)/.exec(message);
  if (found?.[2] !== undefined) return { member: found[2] };
  return (found?.[1] ?? "export") as LoadSubject;
}
