export interface ClientFacts {
  /** Address, or `unknown` for a Unix socket. */
  readonly address: string;
  readonly scheme: "http" | "https";
  /** Whether its X-Forwarded-*, Forwarded and X-Request-Id are believed. */
  readonly trusted: boolean;
  /** Name of this proxy in Via. */
  readonly via: string;
  /** Whether to write Forwarded (RFC 7239) too. */
  readonly forwarded: boolean;
}

/** What the proxy knows of a client, made once per connection, with the text that each of its requests gets. */
export class ClientSide {
  readonly address: string;
  readonly scheme: "http" | "https";
  readonly trusted: boolean;
  readonly via: string;
  readonly forwarded: boolean;
  /** Address and scheme. */
  readonly facts: string;
  /** X-Forwarded-For and X-Forwarded-Proto. */
  readonly origin: string;
  /** Via of a message that came as HTTP/1.1. */
  readonly viaField: string;

  constructor({ address, scheme, trusted, via, forwarded }: ClientFacts) {
    this.address = address;
    this.scheme = scheme;
    this.trusted = trusted;
    this.via = via;
    this.forwarded = forwarded;
    this.facts = `${address} ${scheme}`;
    this.origin = `X-Forwarded-For: ${address}\r\nX-Forwarded-Proto: ${scheme}\r\n`;
    this.viaField = `Via: 1.1 ${via}\r\n`;
  }

  /** Via of a message that came as HTTP/1.`minor`. */
  viaFor(minor: 0 | 1): string {
    return minor === 1 ? this.viaField : `Via: 1.0 ${this.via}\r\n`;
  }
}
