/** Argon2id hashes in the form of their reference implementation, checked in the host's threads. */
import { bytesOf } from "../base64.ts";
import { isSame } from "../constant-time.ts";

/** KiB times passes. OWASP's figures of 2023 are from 35 840 to 47 104; less than this protects little. */
const leastWork = 16_384;
/** The host does no more in one call: the second choice of RFC 9106, section 4. */
const mostMemory = 65_536;
const mostWork = 3 * mostMemory;

const encoder = new TextEncoder();
const form =
  /^\$argon2id\$v=19\$m=(\d{1,6}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

/**
 * @throws Error that says what is expected, without the hash
 *
 * @example
 * await readArgon2("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$...")("secret"); // false
 */
export function readArgon2(text: string): (password: string) => Promise<boolean> {
  const [, m, t, p, salt, expected] = form.exec(text) ?? [];
  const [memory, passes, parallelism] = [Number(m), Number(t), Number(p)];
  if (expected === undefined || passes < 1 || parallelism < 1 || memory < 8 * parallelism) {
    throw new Error("the hash is not of the form $argon2id$v=19$m=19456,t=2,p=1$SALT$HASH");
  }
  if (memory > mostMemory || memory * passes > mostWork) {
    throw new Error(`Argon2 costs more than m=${mostMemory},t=${mostWork / mostMemory}`);
  }
  if (memory * passes < leastWork) throw new Error(`Argon2 has m times t below ${leastWork}`);
  const digest = bytesIn(expected);
  const parameters = { name: "Argon2id" as const, nonce: bytesIn(salt!), memory, passes, parallelism };
  return async (password) => {
    const bits = await derive(password, parameters, digest.length * 8);
    return isSame(new Uint8Array(bits), digest);
  };
}

/** @throws Error when the runtime lacks it */
export async function checkArgon2(): Promise<void> {
  const least = { name: "Argon2id" as const, nonce: new Uint8Array(8), memory: 8, passes: 1, parallelism: 1 };
  try {
    await derive("", least, 32);
  } catch {
    throw new Error("this runtime lacks Argon2 (Node has it from 24.7 on): hash it anew with pbkdf2");
  }
}

async function derive(
  password: string,
  parameters: Parameters<typeof crypto.subtle.deriveBits>[0],
  bits: number,
): Promise<ArrayBuffer> {
  const material = encoder.encode(password);
  const key = await crypto.subtle.importKey("raw-secret", material, "Argon2id", false, ["deriveBits"]);
  return crypto.subtle.deriveBits(parameters, key, bits);
}

function bytesIn(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return bytesOf(base64);
  } catch {
    throw new Error("a part of the hash of Argon2 is no base64");
  }
}
