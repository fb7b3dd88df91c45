import type { Log } from "../body.ts";

/** Edits a body as it passes. */
export interface StreamPart {
  /**
   * @param isLast whether nothing follows
   * @returns what goes on now
   */
  push(text: string, isLast: boolean, log: Log): string | Promise<string>;
}
