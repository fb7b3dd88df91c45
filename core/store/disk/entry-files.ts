/** Stored responses as files: written, read and changed, each checked by what is known of it. */
import type { FileHandle } from "node:fs/promises";
import { type KeptBody, StoredBody } from "../responses/stored-body.ts";
import { type DiskFolder, writeAll } from "./disk-folder.ts";
import {
  blockBytes,
  checksumsOf,
  checksumsOffset,
  type EntryHead,
  type EntryLayout,
  encodeHead,
  fileBytes,
  fixedBytes,
  isBlockWhole,
  readFixed,
  readHead,
  staleOffset,
} from "./entry-format.ts";
import { FileBody, OpenFile } from "./file-body.ts";

/** Longer bodies are sent from the file, and do not come back to memory. */
export const longestLoaded = 256 * 1024;
/** Read at once of each file at the start: most heads are shorter. */
const firstRead = 4096;

export interface ReadEntry {
  readonly head: EntryHead;
  readonly body: KeptBody;
}

export interface FoundEntry {
  readonly head: EntryHead;
  readonly layout: EntryLayout;
  readonly staleSince: number | null;
}

export class EntryFiles {
  private readonly folder: DiskFolder;
  /** Long bodies of which somebody reads, by file. */
  private readonly opened = new Map<string, OpenFile>();
  private readonly mostOpen: number;

  /** @param mostOpen files that are open at once for answers */
  constructor(folder: DiskFolder, mostOpen = 512) {
    this.folder = folder;
    this.mostOpen = mostOpen;
  }

  async write(file: string, head: EntryHead, layout: EntryLayout, body: StoredBody): Promise<void> {
    const start = Buffer.alloc(checksumsOffset(layout));
    encodeHead(head, layout, null)!.copy(start);
    const checksums = checksumsOf(body.parts, body.length);
    // One call for what is short, no copy of what is long.
    const isShort = body.length <= longestLoaded;
    const parts = [start, checksums, ...body.parts];
    await this.folder.write(file, isShort ? [Buffer.concat(parts)] : parts);
  }

  /** Other words, in place of those that are there: what breaks off in the middle does not match its checksum. */
  change(file: string, bytes: Buffer): Promise<void> {
    return this.writeAt(file, bytes, 0);
  }

  mark(file: string, staleSince: number): Promise<void> {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(staleSince);
    return this.writeAt(file, bytes, staleOffset);
  }

  private async writeAt(file: string, bytes: Buffer, position: number): Promise<void> {
    const handle = await this.folder.openToChange(file);
    try {
      await writeAll(handle, bytes, position);
    } finally {
      await handle.close();
    }
  }

  /**
   * Null: it is not what was written.
   *
   * @param key that it has to be of
   * @param onCorrupt told when that turns out later, of a long body
   */
  async read(
    file: string,
    key: string,
    layout: EntryLayout,
    onCorrupt: () => void,
  ): Promise<ReadEntry | null> {
    const handle = await this.folder.open(file);
    let isKept = false;
    try {
      const { size } = await handle.stat();
      if (size !== fileBytes(layout)) return null;
      const isLong = layout.bodyLength > longestLoaded;
      const bytes = await readAt(handle, 0, isLong ? size - layout.bodyLength : size);
      if (bytes === null) return null;
      const head = headOf(bytes, layout);
      if (head === null || head.key !== key) return null;
      const checksums = bytes.subarray(checksumsOffset(layout), size - layout.bodyLength);
      if (!isLong) {
        const body = bytes.subarray(size - layout.bodyLength);
        return areWhole(body, checksums) ? { head, body: new StoredBody([body]) } : null;
      }
      isKept = true;
      return { head, body: new FileBody(this.share(file, handle), layout, checksums, onCorrupt) };
    } finally {
      if (!isKept) await handle.close();
    }
  }

  /** Whether a long body may be opened for an answer. */
  get mayOpen(): boolean {
    return this.opened.size < this.mostOpen;
  }

  /** One descriptor for all answers from a file. */
  private share(file: string, handle: FileHandle): OpenFile {
    const open = this.opened.get(file);
    if (open !== undefined) {
      handle.close().catch(() => {});
      return open;
    }
    const own = new OpenFile(handle, () => this.opened.delete(file));
    this.opened.set(file, own);
    return own;
  }

  /** What a file of a former process holds; null: nothing that can be used. */
  async find(file: string): Promise<FoundEntry | null> {
    const handle = await this.folder.open(file);
    try {
      const { size } = await handle.stat();
      const first = await readAt(handle, 0, Math.min(size, firstRead));
      const fixed = first && readFixed(first);
      if (!fixed || fileBytes(fixed) !== size) return null;
      const rest = fixedBytes + fixed.headLength;
      const head = readHead(rest <= firstRead ? first : ((await readAt(handle, 0, rest)) ?? first), fixed);
      const { headRoom, bodyLength, staleSince } = fixed;
      return head && { head, layout: { headRoom, bodyLength }, staleSince };
    } finally {
      await handle.close();
    }
  }
}

/** Null: there is less. */
async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer | null> {
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await handle.read(bytes, at, length - at, position + at);
    if (bytesRead === 0) return null;
    at += bytesRead;
  }
  return bytes;
}

function headOf(bytes: Buffer, layout: EntryLayout): EntryHead | null {
  const fixed = readFixed(bytes);
  if (!fixed || fixed.headRoom !== layout.headRoom || fixed.bodyLength !== layout.bodyLength) return null;
  return readHead(bytes, fixed);
}

function areWhole(body: Buffer, checksums: Buffer): boolean {
  for (let block = 0; block * blockBytes < body.length; block++) {
    const start = block * blockBytes;
    if (!isBlockWhole(body.subarray(start, start + blockBytes), checksums, block)) return false;
  }
  return true;
}
