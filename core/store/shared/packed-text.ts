import { Buffer } from "node:buffer";

/**
 * A text as whole 32-bit words, in a buffer that is used over and over: one byte for each UTF-16 code unit where
 * that is enough, else two. Lone surrogates and NUL pass. What is left of the last word is zero, so equal texts
 * have equal words.
 */
export class PackedText {
  words: Int32Array;
  byteLength = 0;
  isWide = false;
  private bytes: Buffer;

  constructor(bytes = 4096) {
    const memory = new ArrayBuffer(bytes);
    this.words = new Int32Array(memory);
    this.bytes = Buffer.from(memory);
  }

  get wordLength(): number {
    return (this.byteLength + 3) >>> 2;
  }

  pack(text: string): void {
    const { length } = text;
    this.reserve(length);
    const { bytes } = this;
    this.isWide = false;
    this.byteLength = length;
    if (length > 0) this.words[(length - 1) >>> 2] = 0;
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index);
      if (unit > 0xff) {
        this.packWide(text);
        return;
      }
      bytes[index] = unit;
    }
  }

  private packWide(text: string): void {
    const { length } = text;
    this.reserve(length * 2);
    this.isWide = true;
    this.byteLength = length * 2;
    this.words[(this.byteLength - 1) >>> 2] = 0;
    this.bytes.write(text, "utf16le");
  }

  /** Makes room for a text that is copied into `words` from elsewhere. */
  prepare(byteLength: number, isWide: boolean): void {
    this.reserve(byteLength);
    this.byteLength = byteLength;
    this.isWide = isWide;
  }

  unpack(): string {
    return this.bytes.toString(this.isWide ? "utf16le" : "latin1", 0, this.byteLength);
  }

  private reserve(bytes: number): void {
    if (bytes <= this.bytes.length) return;
    const memory = new ArrayBuffer(Math.max(bytes + 3, this.bytes.length * 2) & ~3);
    this.words = new Int32Array(memory);
    this.bytes = Buffer.from(memory);
  }
}
