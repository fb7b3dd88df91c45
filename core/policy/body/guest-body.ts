/** The body of a reply that a guest streams: the host asks for it part by part. */
import { ChunkAction, longestPulledPart, MessageKind } from "../../../sdk/runtime/message.ts";
import { ProxyError } from "../../errors.ts";
import { Timer } from "../../net/timers.ts";
import type { GuestCall, GuestLoss } from "../guest/call.ts";
import type { Outcome } from "../outcome.ts";
import type { Policy } from "../policy.ts";
import type { PolicyRun } from "../policy-run.ts";

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
  private listener: GuestBodyListener | null = null;
  private over = false;

  constructor(run: PolicyRun, policy: Policy) {
    this.run = run;
    this.policy = policy;
  }

  /** Asks for the next part; not while one is asked for. */
  pull(listener: GuestBodyListener): void {
    if (this.over || this.listener !== null) return;
    this.listener = listener;
    this.run.send(this, this.policy, "onResponseBody", MessageKind.pull, "");
  }

  /**
   * All of it.
   *
   * @param limit in bytes
   * @param tooLong called in place of an answer
   */
  readAll(limit: number, tooLong: () => Error): Promise<Uint8Array> {
    const parts: Buffer[] = [];
    let length = 0;
    const whole = Promise.withResolvers<Uint8Array>();
    const listener: GuestBodyListener = {
      onGuestPart: (bytes) => {
        parts.push(bytes);
        length += bytes.length;
        if (length > limit) whole.reject(tooLong());
        else this.pull(listener);
      },
      onGuestEnd: () => whole.resolve(Buffer.concat(parts)),
      onBodyFailed: (error) => whole.reject(error),
    };
    this.pull(listener);
    return whole.promise;
  }

  /** The exchange is over. */
  cancel(): void {
    this.over = true;
    this.listener = null;
    this.run.guestTimers.disarm(this.timer);
  }

  // --- from the guest

  onOutcome(outcome: Outcome, bytes: Uint8Array | undefined): void {
    if (this.over) return;
    this.run.guestTimers.disarm(this.timer);
    const { listener } = this;
    this.listener = null;
    if (outcome.kind === "fault") {
      this.over = true;
      listener?.onBodyFailed(
        this.run.reportFault(this.policy, "onResponseBody", outcome.fault) ??
          this.broken(outcome.fault.message),
      );
    } else if (outcome.kind !== "chunk") {
      this.listener = listener;
      this.fail("answered with something else");
    } else if ((outcome.action & ChunkAction.end) !== 0) {
      this.over = true;
      listener?.onGuestEnd();
    } else {
      this.takePart(partOf(outcome, bytes), listener);
    }
  }

  private takePart(part: Buffer, listener: GuestBodyListener | null): void {
    if (part.length <= longestPulledPart) listener?.onGuestPart(part);
    else {
      this.listener = listener;
      this.fail(`sent more than ${longestPulledPart} bytes at once`);
    }
  }

  onPending(): void {
    if (!this.over) this.run.guestTimers.arm(this.timer, longestPause);
  }

  onLost(loss: GuestLoss): void {
    if (!this.over) this.fail(loss.message);
  }

  private fail(how: string): void {
    const { listener } = this;
    this.cancel();
    listener?.onBodyFailed(this.broken(how));
  }

  /** The response has begun, so that skipping the policy is no way out. */
  private broken(how: string): ProxyError {
    const message = `The stream that policy ${this.policy.name} answers with failed: ${how}`;
    return new ProxyError("plugin_failed", message, { source: "plugin" });
  }
}

function partOf({ text }: Outcome & { kind: "chunk" }, bytes: Uint8Array | undefined): Buffer {
  if (bytes === undefined) return Buffer.from(text, "utf8");
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
