/** One message passes the policies of one phase, one after the other. */
import { BodyForm, type Edits, MessageKind } from "../../sdk/runtime/message.ts";
import { ProxyError } from "../errors.ts";
import { Timer } from "../net/timers.ts";
import type { BodyOwner } from "./edit-values.ts";
import type { GuestCall, GuestLoss } from "./guest/call.ts";
import { MalformedOutcome, toMalformed } from "./malformed-outcome.ts";
import type { Outcome } from "./outcome.ts";
import type { Policy } from "./policy.ts";
import type { PolicyRun } from "./policy-run.ts";
import type { RequestDraft } from "./request-draft.ts";
import type { ResponseDraft } from "./response-draft.ts";

type ReplyOutcome = Outcome & { kind: "reply" };

/** Whom a phase tells how it went. */
export interface PhaseListener {
  /** All policies have seen the message. */
  onPhaseDone(): void;
  /** A policy answered by itself. */
  onPhaseReply(reply: ReplyOutcome, bytes: Uint8Array | undefined, by: Policy): void;
  onPhaseFailed(error: ProxyError): void;
  /** A policy changed more than fields; returns the preface of the message as it is now. */
  onPhaseEdited(): string;
  /**
   * A policy puts another body in the place of the message's, which is there still.
   *
   * @throws MalformedOutcome when it may not
   */
  onPhaseBodySet(by: Policy, body: string | Uint8Array): void;
  /**
   * A policy is about to choose where the request goes.
   *
   * @throws MalformedOutcome for a cluster that there is not
   */
  admitChoice(edits: Edits): void;
  /** A policy has chosen the endpoint. */
  onEndpointChosen(by: Policy): void;
  /** A policy failed and is skipped: nothing that it said counts. */
  onPhaseSkipped(policy: Policy): void;
  /** Whether the policy wants a body that its client has yet to send. */
  waitsForClient(policy: Policy): boolean;
}

const kinds = {
  onRequest: MessageKind.request,
  onUpstream: MessageKind.upstream,
  onResponse: MessageKind.response,
} as const;

export class HeadPhase implements GuestCall, BodyOwner {
  private readonly run: PolicyRun;
  private readonly phase: keyof typeof kinds;
  private readonly policies: readonly Policy[];
  private readonly draft: RequestDraft | ResponseDraft;
  /** What stands before the fields in a message: facts that a guest may read. */
  private preface: string;
  private readonly listener: PhaseListener;
  private index = -1;
  private timer: Timer | null = null;
  private ended = false;

  constructor(
    run: PolicyRun,
    phase: keyof typeof kinds,
    policies: readonly Policy[],
    draft: RequestDraft | ResponseDraft,
    preface: string,
    listener: PhaseListener,
  ) {
    this.run = run;
    this.phase = phase;
    this.policies = policies;
    this.draft = draft;
    this.preface = preface;
    this.listener = listener;
  }

  /** Hands the message to the next policy, or reports that there is none. */
  next(): void {
    const policy = this.policies[++this.index];
    if (policy === undefined) this.listener.onPhaseDone();
    else this.run.send(this, policy, this.phase, kinds[this.phase], this.preface + this.draft.fields);
  }

  /** Whether the message is with this policy. */
  isAt(policy: Policy): boolean {
    return !this.ended && this.policies[this.index] === policy;
  }

  /** What the policies behind this one see of the message has changed. */
  refresh(): void {
    this.preface = this.listener.onPhaseEdited();
  }

  /** The exchange is over; what still comes is of no interest. */
  cancel(): void {
    this.ended = true;
    this.disarm();
  }

  // --- from the guest

  onOutcome(outcome: Outcome, bytes: Uint8Array | undefined): void {
    if (this.ended) return;
    this.disarm();
    const policy = this.policies[this.index]!;
    // A body that is streamed keeps its place in the guest.
    const streams = outcome.kind === "reply" && outcome.body === BodyForm.stream;
    if (!streams) this.run.answered(policy, this.phase);
    switch (outcome.kind) {
      case "unchanged":
        this.next();
        return;
      case "edited":
        this.edit(outcome, bytes);
        return;
      case "reply":
        this.listener.onPhaseReply(outcome, bytes, policy);
        return;
      case "fault":
        this.failed(this.run.reportFault(policy, this.phase, outcome.fault));
        return;
      default:
        this.malformed(new MalformedOutcome("Cannot use the guest's answer: it belongs to another phase"));
    }
  }

  private edit(outcome: Outcome & { kind: "edited" }, bytes: Uint8Array | undefined): void {
    try {
      const edits: Edits | null = outcome.edits;
      if (edits !== null) this.admitEdits(edits);
      this.draft.edit(outcome.fields, edits, bytes, this);
      if (typeof edits?.endpoint === "string") this.listener.onEndpointChosen(this.policies[this.index]!);
      if (edits !== null) this.refresh();
    } catch (error) {
      this.malformed(toMalformed(error));
      return;
    }
    this.next();
  }

  onBodyEdited(body: string | Uint8Array): void {
    this.listener.onPhaseBodySet(this.policies[this.index]!, body);
  }

  /** @throws MalformedOutcome for what the policy may not change, or not in this phase */
  private admitEdits(edits: Edits): void {
    const { identity, requestId } = edits;
    if (this.phase !== "onResponse") this.listener.admitChoice(edits);
    if (requestId !== undefined && this.phase !== "onRequest") {
      throw new MalformedOutcome(
        `Cannot set the id of the request in ${this.phase}: onRequest is the place for it`,
      );
    }
    if (identity === undefined) return;
    if (!this.policies[this.index]!.setsIdentity) {
      throw new MalformedOutcome(
        "Cannot set the identity: add `identity: true` to the plugin's capabilities",
      );
    }
    if (this.phase !== "onRequest") {
      throw new MalformedOutcome(`Cannot set the identity in ${this.phase}: onRequest is the place for it`);
    }
  }

  /** A policy put another message in the place of this one: the next policy sees that. */
  replaced(): void {
    this.refresh();
    this.next();
  }

  /** What the guest's own objects let through, an author sees as what they would have thrown. */
  malformed(error: MalformedOutcome): void {
    const fault = { name: "TypeError", message: error.message, stack: "" };
    this.failed(this.run.reportFault(this.policies[this.index]!, this.phase, fault, error.cause));
  }

  onPending(): void {
    if (this.ended) return;
    this.timer ??= new Timer(() => this.onTimeout());
    this.run.guestTimers.arm(this.timer, this.policies[this.index]!.wallMs);
  }

  onLost(loss: GuestLoss): void {
    if (this.ended) return;
    this.disarm();
    this.failed(this.run.lossError(this.policies[this.index]!, loss));
  }

  private onTimeout(): void {
    const policy = this.policies[this.index]!;
    this.run.abandon(policy, "The phase took too long");
    // A client that takes its time could have a policy count as failed, or be passed over where that is what a failure means.
    if (this.listener.waitsForClient(policy)) {
      const message = `Request body was not there within the ${policy.wallMs} ms of a policy`;
      this.listener.onPhaseFailed(new ProxyError("body_timeout", message, { source: "downstream" }));
      return;
    }
    const fault = {
      name: "TimeoutError",
      message: `${this.phase} took longer than ${policy.wallMs} ms`,
      stack: "",
    };
    this.failed(this.run.reportFault(policy, this.phase, fault));
  }

  /** Null: the policy is to be skipped when it fails. */
  private failed(error: ProxyError | null): void {
    if (error !== null) {
      this.listener.onPhaseFailed(error);
      return;
    }
    this.listener.onPhaseSkipped(this.policies[this.index]!);
    this.refresh();
    this.next();
  }

  private disarm(): void {
    if (this.timer !== null) this.run.guestTimers.disarm(this.timer);
  }
}
