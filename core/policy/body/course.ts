/** The way of a body past its policies, where some of them limit, decode or encode it. */
import type { ProxyError } from "../../errors.ts";
import type { Timers } from "../../net/timers.ts";
import type { Policy } from "../policy.ts";
import type { BodyFailures } from "./failures.ts";
import { BodyChain, type BodyListener, type PipeMaker } from "./pipe.ts";
import type { BodyStages } from "./stages.ts";

export interface Course {
  /** In the order in which they see the body. */
  readonly policies: readonly Policy[];
  readonly stages: BodyStages;
  readonly failures: BodyFailures;
  readonly timers: Timers;
  /** Whether a policy's handler sees the parts, or it records them. */
  follows(policy: Policy): boolean;
  /** Makes what lets policies one behind the other see them. */
  phaseOf(policies: readonly Policy[], listener: BodyListener): ReturnType<PipeMaker>;
}

export function layCourse(course: Course, listener: BodyListener): BodyChain {
  const { policies, stages, failures, timers } = course;
  const makers: PipeMaker[] = [];
  let together: Policy[] = [];
  const closePhase = () => {
    const phase = together;
    together = [];
    if (phase.length > 0) makers.push((next) => course.phaseOf(phase, next));
  };
  for (const policy of policies) {
    if (stages.isOf(policy)) {
      const before = stages.makersBefore(policy, failures, timers);
      if (before.length > 0) closePhase();
      makers.push(...before);
    }
    if (course.follows(policy)) together.push(policy);
    if (stages.isOf(policy)) {
      const behind = stages.makersBehind(policy, failures, timers);
      if (behind.length > 0) closePhase();
      makers.push(...behind);
    }
  }
  closePhase();
  return new BodyChain(makers, listener);
}

/** A body that is here as a whole, on its way through the stages. */
export interface Passage {
  readonly whole: Promise<Buffer>;
  /** The exchange is over: who waits does so no longer. */
  cancel(): void;
}

/**
 * @param limit bytes that may come out
 * @param failed told before the promise rejects
 * @param over what it rejects with
 */
export function passWhole(
  bytes: Buffer,
  limit: number,
  { stages, failures, timers }: Pick<Course, "stages" | "failures" | "timers">,
  failed: BodyListener["onBodyFailed"],
  over: () => Error,
): Passage {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const fail = (error: ProxyError) => {
    chain.cancel();
    failed(error);
    reject(over());
  };
  const parts: Buffer[] = [];
  let length = 0;
  const chain: BodyChain = new BodyChain(stages.allMakers(failures, timers), {
    onBodyPart(part) {
      length += part.length;
      if (length <= limit) {
        parts.push(part);
        return;
      }
      fail(failures.tooLarge(limit));
    },
    onBodyEnd: () => resolve(Buffer.concat(parts)),
    onBodyDrained() {},
    onBodyFailed: fail,
  });
  chain.push(bytes, false);
  chain.end();
  const cancel = () => {
    chain.cancel();
    reject(over());
  };
  return { whole: promise, cancel };
}
