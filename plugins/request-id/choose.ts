import { AddressSet } from "../shared/addresses/address-set.ts";
import type { RequestIdConfig } from "./config.ts";
import { type Format, formats, isPlain, traceIdOf } from "./formats.ts";

/** As much of a request as is used. */
export interface Asking {
  readonly headers: { get(name: string): string | null };
}

/** What the proxy knows of it. */
export interface Known {
  /** The id that it has so far: a trusted proxy's, or a new one. */
  readonly requestId: string;
  readonly client: { readonly address: string };
}

/** Which id a request has. */
export class Chooser {
  private readonly config: RequestIdConfig;
  private readonly format: Format;
  private readonly trusted: AddressSet | null;
  private readonly now: () => number;
  private readonly fill: (bytes: Uint8Array<ArrayBuffer>) => void;

  /**
   * @param now ms since 1970
   * @param fill writes random bytes
   * @throws Error when `trust` names what is neither an address nor a network
   */
  constructor(
    config: RequestIdConfig,
    now: () => number = Date.now,
    fill: (bytes: Uint8Array<ArrayBuffer>) => void = (bytes) => void crypto.getRandomValues(bytes),
  ) {
    this.config = config;
    this.format = formats[config.format];
    this.trusted = config.trust.length === 0 ? null : new AddressSet(config.trust);
    this.now = now;
    this.fill = fill;
  }

  /** That somebody brought who is believed; null: none that may be kept. */
  given({ headers }: Asking, { requestId, client }: Known): string | null {
    const { header, format } = this.config;
    const isTrusted = this.trusted?.has(client.address) === true;
    const trace = isTrusted && format === "trace" ? traceIdOf(headers.get("traceparent")) : null;
    if (trace !== null) return trace;
    const given = headers.get(header);
    if (given === null) return null;
    // The proxy has judged who may name it: it keeps the id of a trusted proxy and no other.
    const isKept = header === "x-request-id" && given === requestId;
    return (isTrusted || isKept) && this.isGood(given) ? given : null;
  }

  private isGood(id: string): boolean {
    const { accept, maxLength } = this.config;
    return isPlain(id, maxLength) && (accept === "any" || this.format.pattern.test(id));
  }

  /** A new one. */
  make(): string {
    const bytes = new Uint8Array(this.format.randomBytes);
    this.fill(bytes);
    return this.format.make(bytes, this.now());
  }
}
