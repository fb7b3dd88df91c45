/** The effective config of stores that several machines share; see model.ts. */
import type { Address, ClusterTls } from "./model.ts";

export interface StoreConfig {
  readonly name: string;
  /** A Redis server, or one that speaks as it does. */
  readonly redis: RedisConfig;
}

export interface RedisConfig {
  readonly address: Address;
  /** Number of the database. */
  readonly database: number;
  /** Null: the default user. */
  readonly username: string | null;
  /** Null: it asks for none. */
  readonly password: string | null;
  /** Verified TLS, or null for plain text. */
  readonly tls: ClusterTls | null;
  /** In front of every key: what tells one deployment from another in the same database. */
  readonly keyPrefix: string;
  /** ms until a new connection has to be usable. */
  readonly connectTimeout: number;
  /** ms until an answer has to be there; then the store counts as lost. */
  readonly commandTimeout: number;
}
