import { randomUUID } from "node:crypto";
import { chmodSync, closeSync, constants, mkdirSync, openSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ReactorTrace, readTraces } from "../../data/entry-trace.ts";

/** Where Deno may write: it takes all the permissions that there are for `/dev`, and nothing else of the folder is needed. */
export const traceFolder = join(tmpdir(), "sluice-trace");

/**
 * The file in which one data process notes whose guest it is in. It has no name: nobody else can open it,
 * and nothing is left of it however this process ends.
 */
export class TraceFile {
  readonly descriptor: number;
  #isOpen = true;

  private constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  /** Null where no file can be made. */
  static open(): TraceFile | null {
    // Memory where there is such a folder; a container may have no other that can be written.
    const descriptor = openIn("/dev/shm") ?? openIn(madeFolder());
    return descriptor === null ? null : new TraceFile(descriptor);
  }

  /** What each reactor wrote last. */
  read(reactors: number): ReactorTrace[] {
    return this.#isOpen ? readTraces(this.descriptor, reactors) : [];
  }

  close(): void {
    if (this.#isOpen) closeSync(this.descriptor);
    this.#isOpen = false;
  }
}

function openIn(folder: string): number | null {
  const path = join(folder, `sluice-${randomUUID()}`);
  try {
    const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
    unlinkSync(path);
    return descriptor;
  } catch {
    return null;
  }
}

/** For all who run Sluice on this machine, as the folder around it is: nobody removes the files of others. */
function madeFolder(): string {
  try {
    mkdirSync(traceFolder);
    chmodSync(traceFolder, 0o1777);
  } catch {
    // It is there, or cannot be made.
  }
  return traceFolder;
}
