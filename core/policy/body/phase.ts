/** A body passes the policies of a phase, part by part and in order; its source waits while a guest is at work. */
import { ChunkAction, MessageFlag, MessageKind } from "../../../sdk/runtime/message.ts";
import type { ProxyError } from "../../errors.ts";
import { freeMemory } from "../../net/free-memory.ts";
import { Timer } from "../../net/timers.ts";
import type { GuestCall, GuestLoss } from "../guest/call.ts";
import { toMalformed } from "../malformed-outcome.ts";
import type { Outcome } from "../outcome.ts";
import type { Policy } from "../policy.ts";
import type { PolicyRun } from "../policy-run.ts";
import type { BodyListener, BodyPipe } from "./pipe.ts";
import type { Recording } from "./recording.ts";

/** A part on its way to the policy with this index, or past the last one. */
interface Step {
  readonly bytes: Buffer;
  readonly isOwn: boolean;
  readonly index: number;
  readonly last: boolean;
}

/**
 * Told of what a guest gives in the place of a part, in bytes.
 *
 * @throws MalformedOutcome when there is no memory for it
 */
export type OnGiven = (policy: Policy, length: number) => void;

const nothing = Buffer.alloc(0);

export class BodyPhase implements GuestCall, BodyPipe {
  private readonly run: PolicyRun;
  private readonly phase: "onRequestBody" | "onResponseBody";
  private readonly policies: readonly Policy[];
  private readonly listener: BodyListener;
  private readonly onGiven: OnGiven;
  /** Of what reaches some of the policies. */
  private readonly recordings: readonly Recording[];
  private steps: Step[] = [];
  private current: Step | null = null;
  private timer: Timer | null = null;
  /** A policy ended the body: what the source still brings is thrown away. */
  private endedFrom = 0;
  private over = false;

  constructor(
    run: PolicyRun,
    phase: "onRequestBody" | "onResponseBody",
    policies: readonly Policy[],
    listener: BodyListener,
    onGiven: OnGiven,
    recordings: readonly Recording[],
  ) {
    this.run = run;
    this.phase = phase;
    this.policies = policies;
    this.listener = listener;
    this.onGiven = onGiven;
    this.recordings = recordings;
  }

  push(bytes: Buffer, isOwn: boolean): boolean {
    if (this.endedFrom > 0 || this.over) return true;
    this.steps.push({ bytes, isOwn, index: 0, last: false });
    this.advance();
    return this.current === null;
  }

  end(): void {
    if (this.endedFrom > 0 || this.over) return;
    this.steps.push({ bytes: nothing, isOwn: false, index: 0, last: true });
    this.advance();
  }

  cancel(): void {
    this.over = true;
    this.steps = [];
    this.disarm();
  }

  /** It keeps no more than its source has brought already. */
  hold(): void {}

  resume(): void {}

  private advance(): void {
    while (this.current === null && !this.over) {
      const step = this.steps.shift();
      if (step === undefined) return;
      if (step.index === this.policies.length) this.emit(step);
      else this.enter(step);
    }
  }

  private emit({ bytes, isOwn, last }: Step): void {
    if (bytes.length > 0) this.listener.onBodyPart(bytes, isOwn);
    if (!last) return;
    this.over = true;
    this.listener.onBodyEnd();
  }

  private enter(step: Step): void {
    const policy = this.policies[step.index]!;
    for (const recording of this.recordings) if (recording.policy === policy) record(step, recording);
    if (!policy.phases.has(this.phase)) {
      this.steps.unshift({ ...step, index: step.index + 1 });
      return;
    }
    this.current = step;
    const kind = this.phase === "onRequestBody" ? MessageKind.requestBody : MessageKind.responseBody;
    const flags = step.last ? MessageFlag.endOfBody : 0;
    this.run.send(this, policy, this.phase, kind, "", step.bytes, flags);
  }

  // --- from the guest

  onOutcome(outcome: Outcome, bytes: Uint8Array | undefined): void {
    if (this.over) return;
    this.disarm();
    const step = this.current!;
    const policy = this.policies[step.index]!;
    if (outcome.kind === "fault") {
      this.failed(this.run.reportFault(policy, this.phase, outcome.fault));
    } else if (outcome.kind !== "chunk") {
      const message = "Cannot use the guest's answer: it belongs to another phase";
      this.failed(this.run.reportFault(policy, this.phase, { name: "ProtocolError", message, stack: "" }));
    } else {
      this.onChunk(step, outcome, bytes);
    }
  }

  private onChunk(step: Step, outcome: Outcome & { kind: "chunk" }, bytes: Uint8Array | undefined): void {
    const policy = this.policies[step.index]!;
    let result: Buffer;
    try {
      result = this.result(outcome, bytes, step.bytes);
      if (result !== step.bytes) this.onGiven(policy, result.length);
    } catch (error) {
      const { name, message, cause } = toMalformed(error);
      this.failed(this.run.reportFault(policy, this.phase, { name, message, stack: "" }, cause));
      return;
    }
    if (result !== step.bytes && step.isOwn) freeMemory(step.bytes);
    this.passOn(step, result, (outcome.action & ChunkAction.end) !== 0);
  }

  private result(
    { action, text }: Outcome & { kind: "chunk" },
    bytes: Uint8Array | undefined,
    original: Buffer,
  ): Buffer {
    switch (action & ~ChunkAction.end) {
      case ChunkAction.keep:
        return original;
      case ChunkAction.text:
        return Buffer.from(text, "utf8");
      case ChunkAction.bytes:
        return bytes === undefined ? nothing : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      default:
        return nothing;
    }
  }

  /** What a policy made of a part goes to the next one, and after the last part the end does. */
  private passOn(step: Step, bytes: Buffer, ends: boolean): void {
    const index = step.index + 1;
    const follow: Step[] = [];
    const isOwn = bytes !== step.bytes || step.isOwn;
    if (bytes.length > 0) follow.push({ bytes, isOwn, index, last: false });
    if (ends && !step.last) {
      this.endedFrom = index;
      this.steps = this.steps.filter((waiting) => waiting.index >= index);
    }
    if (step.last || ends) follow.push({ bytes: nothing, isOwn: false, index, last: true });
    this.steps.unshift(...follow);
    this.current = null;
    this.advance();
    if (this.current === null && !this.over) this.listener.onBodyDrained();
  }

  onPending(): void {
    if (this.over) return;
    this.timer ??= new Timer(() => this.onTimeout());
    this.run.guestTimers.arm(this.timer, this.policies[this.current!.index]!.wallMs);
  }

  onLost(loss: GuestLoss): void {
    if (this.over) return;
    this.disarm();
    this.failed(this.run.lossError(this.policies[this.current!.index]!, loss));
  }

  private onTimeout(): void {
    const policy = this.policies[this.current!.index]!;
    this.run.abandon(policy, "The phase took too long");
    const message = `${this.phase} took longer than ${policy.wallMs} ms`;
    this.failed(this.run.reportFault(policy, this.phase, { name: "TimeoutError", message, stack: "" }));
  }

  /** Null: the part goes on as it was. */
  private failed(error: ProxyError | null): void {
    if (error === null) {
      this.passOn(this.current!, this.current!.bytes, false);
      return;
    }
    this.cancel();
    this.listener.onBodyFailed(error);
  }

  private disarm(): void {
    if (this.timer !== null) this.run.guestTimers.disarm(this.timer);
  }
}

function record({ bytes, last }: Step, recording: Recording): void {
  if (bytes.length > 0) recording.add(bytes);
  if (last) recording.end();
}
