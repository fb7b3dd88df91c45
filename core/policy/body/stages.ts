/** What policies said about the bytes of a body: they stay with the host, which limits, decodes and encodes them. */
import type { Timers } from "../../net/timers.ts";
import { HostCallError } from "../../sandbox/host/error.ts";
import type { ContentCoding } from "../../wire/content-coding.ts";
import type { Policy } from "../policy.ts";
import { type CoderPlace, type CoderPlaces, decoderSize, encoderSize } from "./coder-places.ts";
import { BodyDecoder, type DecodingLimits } from "./decoder.ts";
import { BodyEncoder, type Encoding } from "./encoder.ts";
import type { BodyFailures } from "./failures.ts";
import { BodyLimit } from "./limit.ts";
import type { BodyListener, PipeMaker } from "./pipe.ts";

export type StageSpec =
  | { readonly kind: "limit"; readonly maxBytes: number }
  /** `codings` in the order in which they are taken off. */
  | ({ readonly kind: "decode"; readonly codings: readonly ContentCoding[] } & DecodingLimits)
  | ({ readonly kind: "encode" } & Encoding);

interface Stage {
  readonly policy: Policy;
  readonly spec: StageSpec;
  readonly places: readonly CoderPlace[];
}

/** Of one policy: each is a step deeper on the stack for every part of a body. */
const mostStages = 16;

export class BodyStages {
  private readonly places: CoderPlaces;
  private list: Stage[] = [];
  /** How often what is to be done with the body has changed. */
  changes = 0;

  /** @param places for their coders */
  constructor(places: CoderPlaces) {
    this.places = places;
  }

  get isEmpty(): boolean {
    return this.list.length === 0;
  }

  /** Whether another body comes out than went in. */
  get changeBody(): boolean {
    return this.list.some(({ spec }) => spec.kind !== "limit");
  }

  /** Whether what comes out is what the policies mean the body to be: nobody wants it coded. */
  get areForReading(): boolean {
    return this.list.every(({ spec }) => spec.kind !== "encode");
  }

  /**
   * How long the body may be as it comes, in bytes.
   *
   * @param isChangedBefore whether it may be another one when it reaches a policy
   */
  limit(isChangedBefore: (policy: Policy) => boolean): number {
    let limit = Number.POSITIVE_INFINITY;
    for (const { policy, spec } of this.list) {
      if (spec.kind !== "limit" || isChangedBefore(policy)) break;
      limit = Math.min(limit, spec.maxBytes);
    }
    return limit;
  }

  get policies(): readonly Policy[] {
    return this.list.map(({ policy }) => policy);
  }

  isOf(policy: Policy): boolean {
    return this.list.some((stage) => stage.policy === policy);
  }

  /**
   * Returns false when too many coders are at work.
   *
   * @throws HostCallError when the policy has said too much already
   */
  add(policy: Policy, spec: StageSpec): boolean {
    this.changes++;
    if (this.joinsLimit(policy, spec)) return true;
    if (this.list.filter((stage) => stage.policy === policy).length === mostStages) throw tooMany();
    const sizes = sizesOf(spec);
    const taken = sizes.map((size) => this.places.take(size)).filter((place) => place !== null);
    if (taken.length < sizes.length) {
      for (const place of taken) place.giveBack();
      return false;
    }
    this.list.push({ policy, spec, places: taken });
    return true;
  }

  /** Of two limits with nothing between them the smaller one counts. */
  private joinsLimit(policy: Policy, spec: StageSpec): boolean {
    const last = this.list.at(-1);
    if (spec.kind !== "limit" || last?.spec.kind !== "limit" || last.policy !== policy) return false;
    if (spec.maxBytes < last.spec.maxBytes) this.list[this.list.length - 1] = { ...last, spec };
    return true;
  }

  /** Another body takes the place of what passes a policy: only what that one does with it afterwards still counts. */
  onReplaced(by: Policy): void {
    this.keep(({ policy, spec }) => policy === by && spec.kind === "encode");
  }

  /** What a policy said is not to count. */
  drop(policy: Policy): void {
    this.keep((stage) => stage.policy !== policy);
  }

  /** The exchange is over, or the body has passed. */
  clear(): void {
    this.keep(() => false);
  }

  private keep(stays: (stage: Stage) => boolean): void {
    for (const stage of this.list) if (!stays(stage)) for (const place of stage.places) place.giveBack();
    this.list = this.list.filter(stays);
    this.changes++;
  }

  /** What a policy's handler sees was limited and decoded before. */
  makersBefore(policy: Policy, failures: BodyFailures, timers: Timers): PipeMaker[] {
    return this.makers((stage) => stage.policy === policy && stage.spec.kind !== "encode", failures, timers);
  }

  /** What it makes of it is encoded. */
  makersBehind(policy: Policy, failures: BodyFailures, timers: Timers): PipeMaker[] {
    return this.makers((stage) => stage.policy === policy && stage.spec.kind === "encode", failures, timers);
  }

  /** All of it, in the order in which it was said. */
  allMakers(failures: BodyFailures, timers: Timers): PipeMaker[] {
    return this.makers(() => true, failures, timers);
  }

  private makers(isMeant: (stage: Stage) => boolean, failures: BodyFailures, timers: Timers): PipeMaker[] {
    return this.list.filter(isMeant).flatMap((stage) => makersOf(stage, failures, timers));
  }
}

function tooMany(): HostCallError {
  return new HostCallError(
    "InvalidStateError",
    `Cannot change the body: a policy may limit, decode and encode it ${mostStages} times, so say only once what is to become of it`,
  );
}

/** What its coders take, in MiB. */
function sizesOf(spec: StageSpec): number[] {
  if (spec.kind === "limit") return [];
  if (spec.kind === "decode") return spec.codings.map(() => decoderSize);
  return [encoderSize(spec.coding, spec.level, spec.flushAfter)];
}

function makersOf({ spec, places }: Stage, failures: BodyFailures, timers: Timers): PipeMaker[] {
  switch (spec.kind) {
    case "limit":
      return [(listener) => new BodyLimit(spec.maxBytes, () => failures.tooLarge(spec.maxBytes), listener)];
    case "encode":
      return [(listener) => new BodyEncoder(spec, listener, timers, places[0]!)];
    default: {
      const count = { received: 0 };
      return spec.codings.map((coding, index) => (listener: BodyListener) => {
        const settings = { limits: spec, failures, count, isFirst: index === 0 };
        return new BodyDecoder(coding, settings, listener, timers, places[index]!);
      });
    }
  }
}
