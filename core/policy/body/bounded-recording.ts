import type { ArrivingBytes } from "../../store/responses/arriving-body.ts";
import type { RecordingRoom } from "../../store/responses/recording-room.ts";
import type { Policy } from "../policy.ts";
import { Recording } from "./recording.ts";

/** A recording that takes part in the room that there is for all of them; without room it is given up. */
export class BoundedRecording extends Recording {
  private readonly room: RecordingRoom;
  private held = 0;
  private arrived = 0;
  private isClosed = false;

  /**
   * @param most bytes; a longer body is not kept
   * @param done told once, with the body; null: there is none to keep
   */
  constructor(
    policy: Policy,
    most: number,
    done: (parts: readonly Buffer[] | null) => void,
    room: RecordingRoom,
  ) {
    super(policy, most, (parts) => {
      this.isClosed = true;
      room.giveBack(this.held);
      done(parts);
    });
    this.room = room;
  }

  /** Who reads along must not be left without the rest: the room for all of it is taken at once, or nobody does. */
  override share(length: number, onFollowed: () => void): ArrivingBytes | null {
    const bytes = super.share(length, onFollowed);
    return bytes !== null && this.holds(length) ? bytes : null;
  }

  override add(bytes: Buffer): void {
    if (this.isClosed) return;
    this.arrived += bytes.length;
    if (this.holds(this.arrived)) {
      super.add(bytes);
      return;
    }
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
