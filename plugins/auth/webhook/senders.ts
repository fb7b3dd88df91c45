/** How those who call webhooks sign: what is signed, and where the signatures are. */

/** As much of a request's fields as is used. */
export interface Fields {
  get(name: string): string | null;
}

/** A signature that is well-formed, and nothing more. */
export interface SignedCall {
  /** What stands before the body in the text that is signed. */
  readonly prefix: string;
  /** HMAC-SHA256 of that text; one of them has to be right. */
  readonly signatures: readonly Uint8Array[];
  /** When it was signed, in s since 1970; null: nobody knows. */
  readonly time: number | null;
}

/**
 * @returns null: there is no signature of this sender; `malformed`: it cannot be read
 */
export type ReadCall = (fields: Fields) => SignedCall | null | "malformed";

/** Longer fields are not looked at. */
const longest = 1024;

/** More signatures than a sender has secrets are not compared. */
const mostSignatures = 8;

/**
 * GitHub: `X-Hub-Signature-256: sha256=HEX` over the body
 * (https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries). The older field with SHA-1 is no
 * signature here.
 */
export function readGitHub(fields: Fields): ReturnType<ReadCall> {
  const value = fields.get("x-hub-signature-256");
  if (value === null) return null;
  const signature = value.startsWith("sha256=") ? readHex(value.slice("sha256=".length)) : null;
  return signature === null ? "malformed" : { prefix: "", signatures: [signature], time: null };
}

/**
 * Stripe: `Stripe-Signature: t=SECONDS,v1=HEX,v1=HEX` over `SECONDS.BODY` (https://docs.stripe.com/webhooks#verify-manually).
 * Other schemes than `v1` are left aside: `v0` is signed with a secret that everybody knows.
 *
 * @example
 * readStripe(new Headers({ "stripe-signature": `t=1700000000,v1=${hex}` })); // { prefix: "1700000000.", ... }
 */
export function readStripe(fields: Fields): ReturnType<ReadCall> {
  const value = fields.get("stripe-signature");
  if (value === null) return null;
  if (value.length > longest) return "malformed";
  let time: string | null = null;
  const signatures: Uint8Array[] = [];
  for (const part of value.split(",")) {
    const [, name, text] = /^\s*(\w+)=(\S*)\s*$/.exec(part) ?? [];
    if (name === "t") {
      // With two, it would not be said which of them is signed.
      if (time !== null) return "malformed";
      time = text!;
    } else if (name === "v1") {
      const signature = readHex(text!);
      if (signature === null) return "malformed";
      signatures.push(signature);
    }
  }
  if (signatures.length === 0 || signatures.length > mostSignatures) return "malformed";
  return signedAt(time, (text) => `${text}.`, signatures);
}

/**
 * Slack: `X-Slack-Signature: v0=HEX` over `v0:SECONDS:BODY`, with the seconds of `X-Slack-Request-Timestamp`
 * (https://docs.slack.dev/authentication/verifying-requests-from-slack).
 */
export function readSlack(fields: Fields): ReturnType<ReadCall> {
  const value = fields.get("x-slack-signature");
  if (value === null) return null;
  const signature = value.startsWith("v0=") ? readHex(value.slice("v0=".length)) : null;
  if (signature === null) return "malformed";
  return signedAt(fields.get("x-slack-request-timestamp"), (text) => `v0:${text}:`, [signature]);
}

function signedAt(
  text: string | null,
  prefixOf: (text: string) => string,
  signatures: readonly Uint8Array[],
): SignedCall | "malformed" {
  if (text === null || !/^[1-9]\d{0,11}$/.test(text)) return "malformed";
  return { prefix: prefixOf(text), signatures, time: Number(text) };
}

/** 32 bytes in hexadecimal, or null. */
function readHex(text: string): Uint8Array | null {
  if (!/^[0-9a-fA-F]{64}$/.test(text)) return null;
  return Uint8Array.from(text.match(/../g)!, (byte) => Number.parseInt(byte, 16));
}
