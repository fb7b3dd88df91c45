import type { Log } from "../body.ts";
import type { StreamPart } from "./part.ts";

/** Edits the body of one message as it passes, in the order of its rules. */
export class StreamEditor {
  private readonly parts: readonly StreamPart[];
  private readonly decoder = new TextDecoder();

  constructor(parts: readonly StreamPart[]) {
    this.parts = parts;
  }

  push(bytes: Uint8Array, isLast: boolean, log: Log): Promise<string> {
    return this.pushText(this.decoder.decode(bytes, { stream: !isLast }), isLast, log);
  }

  async pushText(text: string, isLast: boolean, log: Log): Promise<string> {
    let made = text;
    for (const part of this.parts) made = await part.push(made, isLast, log);
    return made;
  }
}
