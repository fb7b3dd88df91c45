/** Where frames of zstd end (RFC 8878 section 3.1): not every decoder says that the end of one is missing. */

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;

/** What the next bytes that are looked at are. */
type Part = "magic" | "descriptor" | "skipped" | "block";

/**
 * Follows frames through the parts in which they come, without decoding them.
 *
 * @example
 * const frames = new ZstdFrames();
 * frames.push(bytes);
 * frames.areWhole; // whether the last frame has ended
 */
export class ZstdFrames {
  private part: Part = "magic";
  /** Of a number that is being read: least byte first. */
  private value = 0;
  private read = 0;
  /** Bytes that are passed over. */
  private skip = 0;
  private hasChecksum = false;
  private begun = 0;

  /** Frames that have begun. */
  get count(): number {
    return this.begun;
  }

  /** Whether nothing is missing. What is no frame is never whole. */
  get areWhole(): boolean {
    return this.begun > 0 && this.part === "magic" && this.read === 0 && this.skip === 0;
  }

  push(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) {
      if (this.skip > 0) {
        const passed = Math.min(this.skip, bytes.length - i);
        this.skip -= passed;
        i += passed - 1;
      } else {
        this.take(bytes[i]!);
      }
    }
  }

  private take(byte: number): void {
    this.value += byte * 2 ** (8 * this.read++);
    if (this.read < lengths[this.part]) return;
    const { value } = this;
    this.value = 0;
    this.read = 0;
    this.onNumber(value);
  }

  private onNumber(value: number): void {
    switch (this.part) {
      case "magic":
        this.begun++;
        if (value === frameMagic) this.part = "descriptor";
        else if (value >= skippableMagic && value < skippableMagic + 16) this.part = "skipped";
        else this.skip = Number.POSITIVE_INFINITY;
        return;
      case "skipped":
        this.skip = value;
        this.part = "magic";
        return;
      case "descriptor":
        this.hasChecksum = (value & 4) !== 0;
        this.skip = headerLength(value);
        this.part = "block";
        return;
      default:
        this.onBlock(value);
    }
  }

  /** Section 3.1.1.2: one bit tells the last one, two its type, the rest its size. */
  private onBlock(header: number): void {
    const isRepeated = ((header >> 1) & 3) === 1;
    this.skip = isRepeated ? 1 : header >> 3;
    if ((header & 1) === 0) return;
    if (this.hasChecksum) this.skip += 4;
    this.part = "magic";
  }
}

const lengths: Readonly<Record<Part, number>> = { magic: 4, descriptor: 1, skipped: 4, block: 3 };

/** Section 3.1.1.1: what follows the descriptor of a frame's header, in bytes. */
function headerLength(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const contentSize = sizeFlag === 0 ? Number(isSingleSegment) : 2 ** sizeFlag;
  const dictionary = [0, 1, 2, 4][descriptor & 3]!;
  return (isSingleSegment ? 0 : 1) + dictionary + contentSize;
}
