/** What one guest may ask of the host's crypto. */
export interface CryptoLimits {
  /** Data of one call, in bytes. */
  readonly dataBytes: number;
  /** Operations that run at the same time; those that take long are counted apart, waiting or not. */
  readonly operations: number;
  /** Operations that wait for their turn. */
  readonly waiting: number;
  /** What all operations that run or wait at the same time hold of their requests, in bytes. */
  readonly runningBytes: number;
  /** Keys that the host keeps ready; others are opened again from their token. */
  readonly openKeys: number;
}

export const defaultCryptoLimits: CryptoLimits = {
  dataBytes: 16 * 2 ** 20,
  operations: 64,
  waiting: 1024,
  runningBytes: 32 * 2 ** 20,
  openKeys: 256,
};

/** JSON of one request, in code units: tokens and JWKs of the longest RSA keys fit several times. */
export const maxRequestText = 65_536;
/** Material of one key, in bytes. */
export const maxKeyBytes = 16_384;
/** RSA keys: shorter ones protect nothing, longer ones hold a thread for seconds. In bits. */
export const minRsaBits = 2048;
export const maxRsaBits = 4096;
/** Rounds of PBKDF2 for one call, over all blocks of its result: about a quarter of a second of a thread. */
export const maxRounds = 1_000_000;
/** Argon2id for one call: as much as the second choice of RFC 9106, section 4, which is a tenth of a second of a thread. In KiB. */
export const maxArgon2Memory = 65_536;
export const maxArgon2Passes = 64;
export const maxArgon2Work = 3 * 65_536;
/** Data up to here is hashed at once: that takes less time than a turn through the thread pool. In bytes. */
export const maxQuickBytes = 16_384;
