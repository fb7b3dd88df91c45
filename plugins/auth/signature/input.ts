/** What a request says of its signatures (RFC 9421, section 4), before any of it is believed. */
import { parseDictionary } from "../../shared/structured-fields/parse.ts";
import type { InnerList, Item } from "../../shared/structured-fields/value.ts";
import { writeItem } from "../../shared/structured-fields/write.ts";
import { bytesOf } from "../base64.ts";

/** A signature that is well-formed, and nothing more. */
export interface ClaimedSignature {
  readonly label: string;
  /** With its parameters; as it was sent, but for spaces. */
  readonly covered: InnerList;
  /** The identifiers of what is covered, in their one strict form. */
  readonly identifiers: readonly string[];
  /** In s since 1970. */
  readonly created: number | null;
  readonly expires: number | null;
  readonly nonce: string | null;
  readonly alg: string | null;
  readonly keyid: string | null;
  readonly tag: string | null;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Longer fields are not looked at. */
const longest = 8192;
/** More are not looked at. */
const mostSignatures = 8;
const mostComponents = 64;

/**
 * Reads both fields.
 *
 * @returns null: there is no signature; `malformed`: one of them cannot be read, or has not what the other one has
 *
 * @example
 * readSignatures(new Headers({ "signature-input": 'a=("@method");keyid="k"', signature: "a=:AQID:" }));
 */
export function readSignatures(fields: {
  get(name: string): string | null;
}): readonly ClaimedSignature[] | null | "malformed" {
  const input = fields.get("signature-input");
  const signature = fields.get("signature");
  if (input === null && signature === null) return null;
  if (input === null || signature === null || input.length > longest || signature.length > longest)
    return "malformed";
  const inputs = parseDictionary(input);
  const signatures = parseDictionary(signature);
  if (inputs === null || signatures === null || inputs.size === 0 || inputs.size > mostSignatures)
    return "malformed";
  const claimed: ClaimedSignature[] = [];
  for (const [label, covered] of inputs) {
    const found = signatures.get(label);
    if (found === undefined || "items" in found || found.item.type !== "bytes" || !("items" in covered)) {
      return "malformed";
    }
    const one = readOne(label, covered, found.item.value);
    if (one === null) return "malformed";
    claimed.push(one);
  }
  return claimed;
}

function readOne(label: string, covered: InnerList, signature: string): ClaimedSignature | null {
  const { items, parameters } = covered;
  if (items.length > mostComponents || !items.every(isIdentifier)) return null;
  const identifiers = items.map(writeItem);
  // Section 2: each at most once, in whatever order its parameters are.
  if (new Set(items.map(canonical)).size !== items.length) return null;
  const texts = ["nonce", "alg", "keyid", "tag"].map((name) => parameters.get(name));
  const times = ["created", "expires"].map((name) => parameters.get(name));
  if (texts.some((text) => text !== undefined && text.type !== "string")) return null;
  if (times.some((time) => time !== undefined && time.type !== "integer")) return null;
  const [nonce, alg, keyid, tag] = texts.map((text) => (text?.value as string | undefined) ?? null);
  const [created, expires] = times.map((time) => (time?.value as number | undefined) ?? null);
  const bytes = bytesOf(signature.replaceAll("=", ""));
  return {
    label,
    covered,
    identifiers,
    created: created!,
    expires: expires!,
    nonce: nonce!,
    alg: alg!,
    keyid: keyid!,
    tag: tag!,
    bytes,
  };
}

function isIdentifier({ item }: Item): boolean {
  return item.type === "string";
}

/** The same for two identifiers that mean the same. */
export function canonical({ item, parameters }: Item): string {
  const sorted = [...parameters].sort(([a], [b]) => (a < b ? -1 : 1));
  return writeItem({ item, parameters: new Map(sorted) });
}
