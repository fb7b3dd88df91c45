/** Hashes of passwords, by what they begin with. */
import { scrypt } from "@noble/hashes/scrypt.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { compareSync } from "bcryptjs";
import { bytesOf } from "../base64.ts";
import { isSame } from "../constant-time.ts";
import { readArgon2 } from "./argon2.ts";

/** Whether a password is the one that was hashed. */
export type PasswordHash = (password: string) => boolean | Promise<boolean>;

const encoder = new TextEncoder();

/** The host refuses more in one call. */
const mostRounds = 1_000_000;
/** OWASP's figure of 2023 for SHA-256 is 600 000; less than this protects little. */
const leastRounds = 10_000;
/** 2^14 with 8 blocks hold it for 70 ms and need 16 MiB. */
const mostScryptWork = 2 ** 17;
/** 2^10 rounds hold it for 55 ms, and each further one for twice as long. */
const mostBcryptCost = 10;
/** As few as `htpasswd -B` makes without being told. */
const leastBcryptCost = 5;
/** What bcrypt looks at. */
const mostBcryptBytes = 72;

/**
 * Reads a hash.
 *
 * PBKDF2 and Argon2 run in the host's threads. scrypt and bcrypt run in the thread that proxies, which does nothing else
 * meanwhile: only costs that it can bear are taken, and each has a turn of the event loop to itself.
 *
 * @throws Error that says what is expected, without the hash
 *
 * @example
 * await readPasswordHash("pbkdf2:sha256:600000:c2FsdHNhbHQ=:...", false)("secret"); // false
 */
export function readPasswordHash(text: string, allowFast: boolean): PasswordHash {
  if (text.startsWith("pbkdf2:")) return readPbkdf2(text);
  if (text.startsWith("$scrypt$")) return readScrypt(text);
  if (text.startsWith("$2")) return readBcrypt(text);
  if (text.startsWith("$argon2")) return readArgon2(text);
  if (!text.startsWith("{SHA256}")) {
    throw new Error("the hash is none of pbkdf2:, $argon2id$, $scrypt$, $2b$ and {SHA256}");
  }
  if (!allowFast) throw new Error("{SHA256} is a fast hash without salt, and allowFast is false");
  return readSha256(text);
}

function readPbkdf2(text: string): PasswordHash {
  const [, hash, rounds, salt, expected, more] = text.split(":");
  const iterations = Number(rounds);
  if (hash !== "sha256" && hash !== "sha512") throw new Error("pbkdf2 is not with sha256 or sha512");
  if (!/^\d+$/.test(rounds ?? "") || iterations < leastRounds || iterations > mostRounds) {
    throw new Error(`pbkdf2 is not with ${leastRounds} to ${mostRounds} rounds`);
  }
  if (more !== undefined) throw new Error("pbkdf2 has more than five parts");
  const digest = bytesIn(expected, 32, hash === "sha256" ? 32 : 64);
  const parameters = {
    name: "PBKDF2" as const,
    hash: hash === "sha256" ? ("SHA-256" as const) : ("SHA-512" as const),
    salt: bytesIn(salt, 8, 64),
    iterations,
  };
  return async (password) => {
    const key = await crypto.subtle.importKey("raw", encoder.encode(password), "PBKDF2", false, [
      "deriveBits",
    ]);
    const bits = await crypto.subtle.deriveBits(parameters, key, digest.length * 8);
    return isSame(new Uint8Array(bits), digest);
  };
}

function readScrypt(text: string): PasswordHash {
  const [, ln, r, p, salt, expected] =
    /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w+/-]+)\$([\w+/-]+)$/.exec(text) ?? [];
  const [N, blocks, lanes] = [2 ** Number(ln), Number(r), Number(p)];
  if (expected === undefined || N < 2 || blocks < 1 || lanes < 1)
    throw new Error("the hash of scrypt has not its form");
  if (N * blocks * lanes > mostScryptWork) throw new Error("scrypt costs more than ln=14,r=8,p=1");
  const digest = bytesIn(expected, 32, 64);
  const saltBytes = bytesIn(salt, 8, 64);
  const parameters = { N, r: blocks, p: lanes, dkLen: digest.length };
  return inOwnTurn((password) => isSame(scrypt(encoder.encode(password), saltBytes, parameters), digest));
}

/**
 * `$2a$`, `$2b$` and `$2y$`, which are one algorithm; `$2x$` is one with an error (CVE-2011-2483). A password of more bytes
 * than bcrypt looks at is no good one: all that begin alike would be.
 */
function readBcrypt(text: string): PasswordHash {
  const [, digits] = /^\$2[aby]\$(\d{2})\$[./A-Za-z0-9]{53}$/.exec(text) ?? [];
  if (digits === undefined) throw new Error("the hash of bcrypt has not the form of $2a$, $2b$ or $2y$");
  const cost = Number(digits);
  if (cost < leastBcryptCost || cost > mostBcryptCost) {
    throw new Error(
      `bcrypt is not with a cost of ${leastBcryptCost} to ${mostBcryptCost}, and others would hold up all requests: hash it anew with pbkdf2`,
    );
  }
  return inOwnTurn(
    (password) => encoder.encode(password).length <= mostBcryptBytes && compareSync(password, text),
  );
}

/** Several of them together would take longer than a plugin may run, and everybody else would wait for all. */
function inOwnTurn(isPassword: (password: string) => boolean): PasswordHash {
  return (password) =>
    new Promise((resolve) => {
      setTimeout(() => resolve(isPassword(password)), 0);
    });
}

function readSha256(text: string): PasswordHash {
  const digest = bytesIn(text.slice("{SHA256}".length), 32, 32);
  return (password) => isSame(sha256(encoder.encode(password)), digest);
}

function bytesIn(base64: string | undefined, least: number, most: number): Uint8Array<ArrayBuffer> {
  try {
    const bytes = bytesOf(base64 ?? "");
    if (bytes.length >= least && bytes.length <= most) return bytes;
  } catch {
    // Told below, like a wrong length.
  }
  throw new Error(`a part of the hash is not the base64 of ${least} to ${most} bytes`);
}
