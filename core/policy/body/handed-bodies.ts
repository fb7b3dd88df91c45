/** Bodies that a guest was given a number of: to answer with, in the turn in which it got it. */
import { BodyForm } from "../../../sdk/runtime/message.ts";
import type { KeptBody } from "../../store/responses/stored-body.ts";
import { MalformedOutcome } from "../malformed-outcome.ts";

/** More than the requests of a turn ask for. */
const most = 10_000;

export class HandedBodies {
  private bodies = new Map<number, KeptBody>();
  /** Of the turn before: a handler that had waited tells its outcome in the next one. */
  private former = new Map<number, KeptBody>();
  private isDue = false;
  private last = 0;

  /** The number under which the body may be answered with, or undefined when there are too many. */
  hand(body: KeptBody): number | undefined {
    if (this.bodies.size >= most) return undefined;
    this.forgetLater();
    this.last = (this.last + 1) % 1_000_000_000;
    this.bodies.set(this.last, body);
    return this.last;
  }

  find(number: number): KeptBody | undefined {
    return this.bodies.get(number) ?? this.former.get(number);
  }

  /** What nobody answered with is not kept from being evicted. */
  private forgetLater(): void {
    if (this.isDue) return;
    this.isDue = true;
    setImmediate(() => {
      this.isDue = false;
      this.former = this.bodies;
      if (this.bodies.size === 0) return;
      this.bodies = new Map();
      this.forgetLater();
    });
  }

  /**
   * The body that an outcome names.
   *
   * @throws MalformedOutcome when it is not at hand any more
   */
  bodyOf(form: number): KeptBody {
    const body = this.find(BodyForm.stored - form);
    if (body !== undefined) return body;
    throw new MalformedOutcome(
      "Cannot answer with the stored response: it has to be asked for in the same turn, behind the last await",
    );
  }
}
