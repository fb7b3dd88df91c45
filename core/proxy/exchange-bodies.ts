/** What policies have to do with the two bodies of an exchange: they see parts, record them, and say how they are coded. */

import { coderPlaces } from "../policy/body/coder-places.ts";
import { layCourse, type Passage, passWhole } from "../policy/body/course.ts";
import { type BodyFailures, requestBodyFailures, responseBodyFailures } from "../policy/body/failures.ts";
import { GivenBodies, type GivenFor, givenLength, isCounted } from "../policy/body/given-bodies.ts";
import { GuestBody } from "../policy/body/guest-body.ts";
import { BodyPhase } from "../policy/body/phase.ts";
import type { BodyListener, BodyPipe } from "../policy/body/pipe.ts";
import { exchangeIsOver } from "../policy/body/readings.ts";
import { Recordings } from "../policy/body/recordings.ts";
import { BodyStages, type StageSpec } from "../policy/body/stages.ts";
import type { Policy } from "../policy/policy.ts";
import type { PolicyRun } from "../policy/policy-run.ts";
import type { ExchangeClient } from "./client/exchange-client.ts";

export type Side = "q" | "s";

const bodyPhases = { q: "onRequestBody", s: "onResponseBody" } as const;

export class ExchangeBodies {
  readonly recordings = new Recordings();
  private readonly run: PolicyRun;
  /** Null while no policy said what is to become of the bytes. */
  private requestStages: BodyStages | null = null;
  private responseStages: BodyStages | null = null;
  private underWay: { cancel(): void }[] = [];
  /** Null while guests gave nothing that counts. */
  private given: GivenBodies | null = null;

  constructor(run: PolicyRun) {
    this.run = run;
  }

  stagesOf(side: Side): BodyStages | null {
    return side === "q" ? this.requestStages : this.responseStages;
  }

  /** Returns false when there is no memory for the coders. */
  addStage(side: Side, policy: Policy, spec: StageSpec): boolean {
    if (side === "q") this.requestStages ??= new BodyStages(coderPlaces.request);
    else this.responseStages ??= new BodyStages(coderPlaces.response);
    return this.stagesOf(side)!.add(policy, spec);
  }

  hasStages(side: Side): boolean {
    return this.stagesOf(side)?.isEmpty === false;
  }

  /** Whether the body is to be decoded or encoded. */
  isCoded(side: Side): boolean {
    return this.stagesOf(side)?.changeBody === true;
  }

  /**
   * Bytes that the body may have as it comes.
   *
   * @param order in which policies see the body
   */
  limitOf(side: Side, order: readonly Policy[]): number {
    const stages = this.stagesOf(side);
    if (stages === null) return Number.POSITIVE_INFINITY;
    const first = order.findIndex(({ phases }) => phases.has(bodyPhases[side]));
    return stages.limit((policy) => first >= 0 && order.indexOf(policy) > first);
  }

  /**
   * Whether every policy that records the response's body does so behind all that is done to its bytes.
   *
   * @param order in which policies see the body
   */
  areRecordedBehindStages(order: readonly Policy[]): boolean {
    const places = this.stagesOf("s")!.policies.map((policy) => order.indexOf(policy));
    const last = Math.max(-1, ...places);
    return this.recordings.all.every(({ policy }) => order.indexOf(policy) >= last);
  }

  /** @param policies those that see its parts, in their order; all of them where it has stages */
  pipe(side: Side, policies: readonly Policy[], listener: BodyListener): BodyPipe {
    const stages = this.stagesOf(side);
    const recordings = side === "s" ? this.recordings : noRecordings;
    const name = bodyPhases[side];
    const phaseOf = (some: readonly Policy[], next: BodyListener) =>
      new BodyPhase(this.run, name, some, next, onGiven, recordings.all);
    const onGiven = (policy: Policy, length: number) => this.onPartGiven(name, policy, length);
    const follows = (policy: Policy) => policy.phases.has(name) || recordings.isOf(policy);
    const { timers } = this.run;
    const pipe =
      stages === null
        ? phaseOf(policies, listener)
        : layCourse({ policies, stages, failures: failuresOf(side), timers, follows, phaseOf }, listener);
    this.underWay.push(pipe);
    return pipe;
  }

  /**
   * Takes a body that was read as a whole through its stages.
   *
   * @param limit bytes that may come out
   */
  pass(side: Side, bytes: Uint8Array, limit: number, failed: BodyListener["onBodyFailed"]): Promise<Buffer> {
    const course = { stages: this.stagesOf(side)!, failures: failuresOf(side), timers: this.run.timers };
    const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const passage: Passage = passWhole(whole, limit, course, failed, exchangeIsOver);
    this.underWay.push(passage);
    return passage.whole;
  }

  /** A streamed reply as a whole; see `GuestBody`. */
  readAll(body: GuestBody, limit: number, policy: Policy): Promise<Uint8Array> {
    if (!this.underWay.includes(body)) this.underWay.push(body);
    return body.readAll(limit, policy);
  }

  /** The policy is skipped: it does not wait for streamed replies any more. */
  dropReadings(policy: Policy): void {
    for (const body of this.underWay) if (body instanceof GuestBody) body.drop(policy);
  }

  /**
   * A policy put a body in the place of another one.
   *
   * @throws MalformedOutcome when too much of its plugin is on its way
   */
  onGiven(use: GivenFor, policy: Policy, body: string | Uint8Array): void {
    const length = givenLength(body);
    if (this.given === null && !isCounted(length)) return;
    this.given ??= new GivenBodies();
    this.given.replace(use, policy, length);
  }

  private onPartGiven(use: GivenFor, policy: Policy, length: number): void {
    if (!isCounted(length)) return;
    this.given ??= new GivenBodies();
    this.given.add(use, policy, length);
  }

  /** What guests made of parts has gone where it is to go. */
  onPartsPassed(side: Side): void {
    this.given?.passed(side === "s" ? "onResponseBody" : "onRequestBody");
  }

  /**
   * The exchange is over.
   *
   * @param client which may have much to read still
   */
  end(client: ExchangeClient): void {
    const { given } = this;
    if (given !== null) client.whenSent(() => given.clear());
    for (const body of this.underWay) body.cancel();
    this.requestStages?.clear();
    this.responseStages?.clear();
    this.recordings.end(false);
  }
}

const noRecordings = new Recordings();

function failuresOf(side: Side): BodyFailures {
  return side === "q" ? requestBodyFailures : responseBodyFailures;
}
