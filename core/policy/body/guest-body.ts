/** The body of a reply that a guest streams: the host asks for it part by part. */
import { ChunkAction, longestPulledPart, MessageKind } from "../../../sdk/runtime/message.ts";
import { ProxyError } from "../../errors.ts";
import { Timer } from "../../net/timers.ts";
import { HostCallError } from "../../sandbox/host/error.ts";
import type { GuestCall, GuestLoss } from "../guest/call.ts";
import type { Outcome } from "../outcome.ts";
import type { Policy } from "../policy.ts";
import type { PolicyRun } from "../policy-run.ts";
import { BodyReadings, bodyWentOn, exchangeIsOver } from "./readings.ts";

/** A stream may be slow for as long as an endpoint may be by default, in ms. */
const longestPause = 60_000;

export interface GuestBodyListener {
  onGuestPart(bytes: Buffer): void;
  onGuestEnd(): void;
  onBodyFailed(error: ProxyError): void;
}

export class GuestBody implements GuestCall {
  private readonly run: PolicyRun;
  private readonly policy: Policy;
  private readonly timer = new Timer(() => this.fail(`sent nothing for ${longestPause} ms`));
  private readonly readings = new BodyReadings();
  /** Waits for the next part. */
  private listener: GuestBodyListener | null = null;
  private isAsked = false;
  /** What nobody has taken yet: who reads it as a whole leaves it there. */
  private parts: Buffer[] = [];
  private length = 0;
  private isAll = false;
  /** Whether the client gets it, part by part. */
  isOnItsWay = false;
  /** Why there will never be all of it. */
  failure: ProxyError | null = null;
  private over = false;

  constructor(run: PolicyRun, policy: Policy) {
    this.run = run;
    this.policy = policy;
  }

  /** Asks for the next part; not while one is asked for. */
  pull(listener: GuestBodyListener): void {
    if (this.over || this.listener !== null) return;
    this.listener = listener;
    this.isOnItsWay = true;
    this.readings.giveUp(bodyWentOn);
    this.proceed();
  }

  /**
   * All of it.
   *
   * @param limit in bytes
   * @throws HostCallError, by rejection too, when it is longer, or cannot be had
   */
  readAll(limit: number, policy: Policy): Promise<Uint8Array> {
    if (this.isOnItsWay) throw bodyWentOn();
    if (this.over) throw exchangeIsOver();
    const whole = this.readings.add(policy, limit);
    this.proceed();
    return whole;
  }

  /** The policy is skipped: it does not wait for it any more. */
  drop(policy: Policy): void {
    this.readings.drop(policy);
  }

  /** The exchange is over, or somebody has all of it. */
  cancel(): void {
    this.over = true;
    this.listener = null;
    this.parts = [];
    this.run.guestTimers.disarm(this.timer);
    this.readings.giveUp(exchangeIsOver);
  }

  /** Gives what is here to whoever waits for it, or asks for more. */
  private proceed(): void {
    if (this.listener !== null) {
      this.passOn(this.listener);
      return;
    }
    this.readings.refuse(this.length);
    if (this.readings.isEmpty) return;
    if (this.failure !== null) this.readings.giveUp(() => streamFailed(this.policy));
    else if (this.isAll) this.readings.give(Buffer.concat(this.parts));
    else this.ask();
  }

  private passOn(listener: GuestBodyListener): void {
    if (this.parts.length === 0 && this.failure === null && !this.isAll) {
      this.ask();
      return;
    }
    this.listener = null;
    if (this.parts.length > 0) listener.onGuestPart(this.takeParts());
    else if (this.failure !== null) listener.onBodyFailed(this.failure);
    else listener.onGuestEnd();
  }

  private takeParts(): Buffer {
    const { parts } = this;
    if (parts.length === 1) return parts.pop()!;
    this.parts = [];
    return Buffer.concat(parts);
  }

  private ask(): void {
    if (this.isAsked) return;
    this.isAsked = true;
    this.run.send(this, this.policy, "onResponseBody", MessageKind.pull, "");
  }

  // --- from the guest

  onOutcome(outcome: Outcome, bytes: Uint8Array | undefined): void {
    if (this.over || this.failure !== null) return;
    this.run.guestTimers.disarm(this.timer);
    this.isAsked = false;
    if (outcome.kind === "fault") {
      this.failure =
        this.run.reportFault(this.policy, "onResponseBody", outcome.fault) ??
        this.broken(outcome.fault.message);
    } else if (outcome.kind !== "chunk") {
      this.failure = this.broken("answered with something else");
    } else if ((outcome.action & ChunkAction.end) !== 0) {
      this.isAll = true;
    } else {
      this.takePart(partOf(outcome, bytes));
    }
    this.proceed();
  }

  private takePart(part: Buffer): void {
    if (part.length > longestPulledPart) {
      this.failure = this.broken(`sent more than ${longestPulledPart} bytes at once`);
    } else if (part.length > 0) {
      this.parts.push(part);
      this.length += part.length;
    }
  }

  onPending(): void {
    if (!this.over) this.run.guestTimers.arm(this.timer, longestPause);
  }

  onLost(loss: GuestLoss): void {
    if (!this.over) this.fail(loss.message);
  }

  private fail(how: string): void {
    this.run.guestTimers.disarm(this.timer);
    this.failure = this.broken(how);
    this.proceed();
  }

  /** The policy has answered, so that skipping it is no way out. */
  private broken(how: string): ProxyError {
    const message = `The stream that policy ${this.policy.name} answers with failed: ${how}`;
    return new ProxyError("plugin_failed", message, { source: "plugin" });
  }
}

/** To another policy, which is not told more of it. */
function streamFailed({ name }: Policy): HostCallError {
  const message = `Cannot read the body: the stream that policy ${name} answers with failed`;
  return new HostCallError("NetworkError", message);
}

function partOf({ text }: Outcome & { kind: "chunk" }, bytes: Uint8Array | undefined): Buffer {
  if (bytes === undefined) return Buffer.from(text, "utf8");
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
