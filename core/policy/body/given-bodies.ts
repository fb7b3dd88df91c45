/** What guests gave for the bodies of one exchange, for as long as it is in memory. */
import { longestPulledPart } from "../../../sdk/runtime/message.ts";
import { MalformedOutcome } from "../malformed-outcome.ts";
import type { Policy } from "../policy.ts";
import type { GivenRoom } from "./given-room.ts";

/** What a body was given for: in the place of a message's, or of a part of one. */
export type GivenFor = "request" | "upstream" | "response" | "onRequestBody" | "onResponseBody";

interface Given {
  readonly use: GivenFor;
  readonly room: GivenRoom;
  readonly bytes: number;
}

/** Bytes of each that count for nothing, as a part of a stream does. */
const free = longestPulledPart;

/** In bytes; a text that is short in code units is taken for short. */
export function givenLength(body: string | Uint8Array): number {
  return typeof body === "string" && body.length > free ? Buffer.byteLength(body, "utf8") : body.length;
}

export function isCounted(length: number): boolean {
  return length > free;
}

export class GivenBodies {
  private list: Given[] = [];

  /**
   * @param length bytes
   * @throws MalformedOutcome when too much of the plugin is on its way
   */
  add(use: GivenFor, { room }: Policy, length: number): void {
    if (!isCounted(length)) return;
    const bytes = length - free;
    if (!room.take(bytes)) throw tooMuch();
    this.list.push({ use, room, bytes });
  }

  /** What was given for the same before is nobody's any more. */
  replace(use: GivenFor, policy: Policy, length: number): void {
    const former = this.list.filter((given) => given.use === use);
    this.add(use, policy, length);
    this.giveBack((given) => former.includes(given));
  }

  /** They are here no longer. */
  passed(use: GivenFor): void {
    this.giveBack((given) => given.use === use);
  }

  clear(): void {
    this.giveBack(() => true);
  }

  private giveBack(isMeant: (given: Given) => boolean): void {
    for (const given of this.list) if (isMeant(given)) given.room.giveBack(given.bytes);
    this.list = this.list.filter((given) => !isMeant(given));
  }
}

function tooMuch(): MalformedOutcome {
  return new MalformedOutcome(
    "Cannot use the body: too much that this plugin gave is still on its way; answer with a stream, or give less at a time",
  );
}
