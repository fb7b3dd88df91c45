/** A stored body that is sent part by part: read from a file, or as it arrives. */
import { ProxyError } from "../../errors.ts";
import { FileBody, type PartListener } from "../../store/disk/file-body.ts";
import { ArrivingBody } from "../../store/responses/arriving-body.ts";
import type { GuestBodyListener } from "./guest-body.ts";

/** Whether it is not here as a whole. */
export function isStreamed(body: unknown): body is FileBody | ArrivingBody {
  return body instanceof FileBody || body instanceof ArrivingBody;
}

export class StoredSource {
  readonly length: number;
  /** Whether others read the same bytes. */
  readonly isShared: boolean;
  private readonly reader: { pull(listener: PartListener): void; cancel(): void };

  constructor(body: FileBody | ArrivingBody) {
    this.length = body.length;
    this.isShared = body instanceof ArrivingBody;
    this.reader = body.open();
  }

  /** Asks for the next part; not while one is asked for. */
  pull(listener: GuestBodyListener): void {
    this.reader.pull({
      onPart: (bytes) => listener.onGuestPart(bytes),
      onEnd: () => listener.onGuestEnd(),
      // The response has begun: a client learns of it by a connection that ends too soon.
      onFailed: (cause) =>
        listener.onBodyFailed(
          cause instanceof ProxyError
            ? cause
            : new ProxyError("internal", "Cannot read a stored body", { source: "internal", cause }),
        ),
    });
  }

  cancel(): void {
    this.reader.cancel();
  }
}
