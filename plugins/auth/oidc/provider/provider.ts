/** The provider: its metadata and its keys, fetched when they are needed and kept. */
import type { VerifyingKey } from "../../jwt/key-set.ts";
import { RemoteKeys } from "../../jwt/remote-keys.ts";
import type { OidcConfig } from "../config.ts";
import { discoveryUrl, type Metadata, readMetadata } from "./metadata.ts";
import type { CallProvider } from "./provider-call.ts";
import { RemoteDocument } from "./remote-document.ts";

export interface ProviderHost {
  /** Ms since 1970. */
  readonly now: () => number;
  readonly call: CallProvider;
  readonly warn: (message: string) => void;
}

export class Provider {
  private readonly config: OidcConfig;
  private readonly host: ProviderHost;
  private readonly document: RemoteDocument<Metadata>;
  private keys: { readonly url: string; readonly set: RemoteKeys } | null = null;

  constructor(config: OidcConfig, host: ProviderHost) {
    this.config = config;
    this.host = host;
    this.document = new RemoteDocument({
      ...this.times(),
      load: async () => readMetadata(await this.fetch(discoveryUrl(config.issuer)), config.issuer),
      onFailure: (message) =>
        host.warn(`the metadata of ${config.issuer} could not be refreshed: ${message}`),
    });
  }

  /** @throws Error when the provider cannot be asked, or says nonsense */
  async start(): Promise<void> {
    const { jwksUri } = await this.document.start();
    await this.keysAt(jwksUri).start();
  }

  /** Null: it is not known. */
  metadata(): Promise<Metadata | null> {
    return this.document.get();
  }

  /** Null: it has none. */
  async key(algorithm: string, kid: string | null): Promise<VerifyingKey | null | "unavailable"> {
    const metadata = await this.document.get();
    return metadata === null ? "unavailable" : this.keysAt(metadata.jwksUri).find(algorithm, kid);
  }

  private keysAt(url: string): RemoteKeys {
    if (this.keys?.url === url) return this.keys.set;
    const set = new RemoteKeys({
      ...this.times(),
      url,
      timeout: this.config.timeout * 1000,
      fetch: (address) => this.fetch(address),
      onChange() {},
      onFailure: (message) => this.host.warn(`the keys of ${url} could not be refreshed: ${message}`),
    });
    this.keys = { url, set };
    return set;
  }

  private async fetch(url: string): Promise<string> {
    const { status, text } = await this.host.call(url, {});
    if (status !== 200) throw new Error(`${url} could not be fetched: status ${status}`);
    return text;
  }

  private times() {
    const { cacheFor, cooldown, staleFor } = this.config;
    return {
      cacheFor: cacheFor * 1000,
      cooldown: cooldown * 1000,
      staleFor: staleFor * 1000,
      now: this.host.now,
    };
  }
}
