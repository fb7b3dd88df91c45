/** A stored body that is read from a file while it is sent. */
import { ProxyError } from "../errors.ts";
import type { FileBody, FileBodyReader } from "../store/disk/file-body.ts";
import type { GuestBodyListener } from "./guest-body.ts";

export class StoredSource {
  readonly length: number;
  private readonly reader: FileBodyReader;

  constructor(body: FileBody) {
    this.length = body.length;
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
          new ProxyError("internal", "Cannot read a stored body", { source: "internal", cause }),
        ),
    });
  }

  cancel(): void {
    this.reader.cancel();
  }
}
