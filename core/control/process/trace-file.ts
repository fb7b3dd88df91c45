import { randomUUID } from "node:crypto";
import { closeSync, constants, openSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ReactorTrace, readTraces } from "../../data/entry-trace.ts";

/** The one that every runtime may be given: on Deno, `/dev` takes all the permissions that there are. */
export const traceFolder = tmpdir();

/** Memory where there is such a folder; a container may have no other that can be written. */
const folders = ["/dev/shm", traceFolder];

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
    for (const folder of folders) {
      const path = join(folder, `sluice-${randomUUID()}`);
      try {
        const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
        unlinkSync(path);
        return new TraceFile(descriptor);
      } catch {
        // The next one may do.
      }
    }
    return null;
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
