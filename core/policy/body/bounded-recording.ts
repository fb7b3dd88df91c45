import type { ArrivingBytes } from "../../store/responses/arriving-body.ts";
import { memoryOf } from "../../store/responses/entry-bytes.ts";
import type { RecordingRoom } from "../../store/responses/recording-room.ts";
import type { Policy } from "../policy.ts";
import { Recording } from "./recording.ts";

/** A recording that takes part in the room that there is for all of them; without room it is given up. */
export class BoundedRecording extends Recording {
  private readonly room: RecordingRoom;
  private held = 0;
  /** What has arrived, as memory is taken for it. */
  private arrived: number;
  private isClosed = false;

  /**
   * @param most bytes; a longer body is not kept
   * @param done told once, with the body; null: there is none to keep
   * @param texts bytes of what is said of the response
   */
  constructor(
    policy: Policy,
    most: number,
    done: (parts: readonly Buffer[] | null) => void,
    room: RecordingRoom,
    texts = 0,
  ) {
    super(policy, most, (parts) => {
      this.isClosed = true;
      room.giveBack(this.held);
      done(parts);
    });
    this.room = room;
    this.arrived = texts;
  }

  /** Returns whether there is room for what is said of the response; otherwise it is given up. */
  begin(): boolean {
    const isHeld = this.holds(this.arrived);
    if (!isHeld) this.refuse();
    return isHeld;
  }

  /** Who reads along must not be left without the rest: the room for all of it is taken at once, or nobody does. */
  override share(length: number, onFollowed: () => void): ArrivingBytes | null {
    const bytes = super.share(length, onFollowed);
    return bytes !== null && this.holds(this.arrived + length) ? bytes : null;
  }

  override add(bytes: Buffer): void {
    if (this.isClosed) return;
    this.arrived += memoryOf(bytes);
    if (this.holds(this.arrived)) super.add(bytes);
    else this.refuse();
  }

  private refuse(): void {
    this.room.refused++;
    this.cancel();
  }

  private holds(length: number): boolean {
    const more = length - this.held;
    if (more <= 0) return true;
    if (!this.room.take(more, this.held)) return false;
    this.held = length;
    return true;
  }
}
