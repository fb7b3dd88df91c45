/** Small bodies are held as text, which is how they leave with their head: a Buffer costs half a microsecond. */
export const mostText = 8 * 1024;

/** The part of a response body that waits for policies. */
export class HeldBody {
  length = 0;
  /** As latin1; what it holds is not in the buffers. */
  text = "";
  private buffers: Buffer[] = [];

  /** Whether all of it is text. */
  get isText(): boolean {
    return this.buffers.length === 0;
  }

  add(bytes: Buffer, start: number, end: number): void {
    this.length += end - start;
    if (this.isText && this.length <= mostText) {
      this.text += bytes.toString("latin1", start, end);
      return;
    }
    this.toBuffers();
    this.buffers.push(Buffer.from(bytes.subarray(start, end)));
  }

  /** All of it. */
  bytes(): Buffer {
    return this.isText ? Buffer.from(this.text, "latin1") : Buffer.concat(this.parts());
  }

  parts(): readonly Buffer[] {
    this.toBuffers();
    return this.buffers;
  }

  clear(): void {
    this.length = 0;
    this.text = "";
    this.buffers = [];
  }

  private toBuffers(): void {
    if (this.text !== "") this.buffers.push(Buffer.from(this.text, "latin1"));
    this.text = "";
  }
}
