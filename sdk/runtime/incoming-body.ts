/** The body of the message at hand, which stays with the host until a handler asks for it. */

import { callAsync } from "./host.ts";
import { HostOp } from "./host-op.ts";

/** Asked for at most once; a second read is a mistake, as everywhere on the web. */
export class IncomingBody {
  used = false;
  /** What stands in the place of the body from here on; null: the original. */
  replacement: string | Uint8Array | null = null;
  private readonly slot: number;
  private readonly side: "q" | "s";

  constructor(slot: number, side: "q" | "s") {
    this.slot = slot;
    this.side = side;
  }

  /** @throws TypeError when it was read before; RangeError when it is longer than the policy's limit */
  async text(): Promise<string> {
    return (await this.read("text")) as string;
  }

  async bytes(): Promise<Uint8Array> {
    return (await this.read("bytes")) as Uint8Array;
  }

  private read(as: "text" | "bytes"): Promise<string | Uint8Array> {
    if (this.used) return Promise.reject(new TypeError("Cannot read the body: it was read before"));
    this.used = true;
    return callAsync(HostOp.readBody, `${this.side} ${this.slot} ${as}`);
  }

  replace(body: string | Uint8Array): void {
    this.replacement = body;
    this.used = true;
  }
}
