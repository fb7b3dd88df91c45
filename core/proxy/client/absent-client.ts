/** In the place of a client where there is none: what it is sent goes nowhere, and it is in no hurry, but not for ever. */
import { ProxyError } from "../../errors.ts";
import type { Reactor } from "../../net/reactor.ts";
import { Timer } from "../../net/timers.ts";
import type { PluginGuest } from "../../policy/guest/plugin-guest.ts";
import type { ClientSide } from "../../wire/forward/client-side.ts";
import type { Exchange } from "../exchange.ts";
import type { Gateway } from "../gateway.ts";
import type { ExchangeClient } from "./exchange-client.ts";

/** Exchanges without a client that one reactor has at a time. */
const most = 512;
/** ms that one may take, its body included. */
const longest = 60_000;

const present = new WeakMap<Gateway, Set<AbsentClient>>();
/** Called when there is none any more. */
const waiting = new WeakMap<Gateway, () => void>();

function closing(): ProxyError {
  return new ProxyError("client_gone", "The proxy ends", { source: "internal" });
}

export class AbsentClient implements ExchangeClient {
  readonly gateway: Gateway;
  readonly side: ClientSide;
  readonly tls: string;
  readonly isLeaving = false;
  readonly isSending = false;
  /** Who asked for it; null: it was a client's. */
  private readonly guest: PluginGuest | null;
  private readonly others: Set<AbsentClient>;
  private readonly timer: Timer;
  private exchange: Exchange | null = null;

  private constructor(former: ExchangeClient, others: Set<AbsentClient>, guest: PluginGuest | null) {
    this.gateway = former.gateway;
    this.side = former.side;
    this.tls = former.tls;
    this.others = others;
    this.guest = guest;
    this.timer = new Timer(() => this.onTimeout());
  }

  /**
   * One for what a client has asked for. Null: there are too many, or all of this is about to end.
   *
   * @param guest of the plugin that asks for it: it may have as many as are still free then, so that none has them all
   */
  static after(former: ExchangeClient, guest: PluginGuest | null = null): AbsentClient | null {
    const { gateway } = former;
    const others = present.get(gateway) ?? new Set();
    const free = most - others.size;
    if (free === 0 || gateway.isDraining) return null;
    if (guest !== null && [...others].filter((other) => other.guest === guest).length >= free) return null;
    const client = new AbsentClient(former, others, guest);
    present.set(gateway, others.add(client));
    return client;
  }

  /** Resolves when there is none, or after `timeout` ms. */
  static async untilNone(gateway: Gateway, timeout: number): Promise<void> {
    if (!present.get(gateway)?.size) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeout);
      waiting.set(gateway, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** All of this ends. */
  static endAll(gateway: Gateway): void {
    for (const { exchange } of [...(present.get(gateway) ?? [])]) exchange?.onClientGone(closing());
  }

  get reactor(): Reactor {
    return this.gateway.reactor;
  }

  /** It is this one's exchange from here on. */
  takes(exchange: Exchange): void {
    this.exchange = exchange;
    this.reactor.timers.arm(this.timer, longest);
  }

  private onTimeout(): void {
    const message = `Nobody waits for the response, and it is not whole after ${longest} ms`;
    this.exchange?.fail(new ProxyError("deadline_exceeded", message, { source: "upstream" }));
  }

  onExchangeDone(exchange: Exchange): void {
    if (!exchange.isRefresh) this.gateway.tellPolicies(exchange, this.side);
    this.exchange = null;
    this.others.delete(this);
    this.reactor.timers.disarm(this.timer);
    if (this.others.size === 0) waiting.get(this.gateway)?.();
  }

  pauseReading(): void {}
  resumeReading(): void {}
  endSending(): void {}
  onExchangeDetached(): void {}
  becomeTunnel(): void {}

  whenSent(then: () => void): void {
    then();
  }

  sendText(): boolean {
    return true;
  }

  sendBytes(): boolean {
    return true;
  }
}
