/** Requests that their senders sign (RFC 9421). */
import { sha256 } from "@noble/hashes/sha2.js";
import type { PluginRequest } from "sluice/sdk";
import { hexOf } from "./hex.ts";
import { rawBody } from "./raw-body.ts";
import { signatureBase } from "./signature/base.ts";
import type { FieldType } from "./signature/component.ts";
import { type SignatureConfig, signatureSchema } from "./signature/config.ts";
import { hasDigest } from "./signature/content-digest.ts";
import { type ClaimedSignature, readSignatures } from "./signature/input.ts";
import { readSignatureKeys, type SignatureKey } from "./signature/keys.ts";
import { goodUntil, readIdentifier, reasonAgainstSignature } from "./signature/rules.ts";
import {
  type AuthContext,
  absent,
  type Refused,
  refused,
  type Strategy,
  type StrategyType,
  type Verdict,
} from "./strategy.ts";

export const signature: StrategyType<SignatureConfig> = {
  type: "signature",
  schema: signatureSchema,
  create: (config) => signatureStrategy(config, Date.now),
};

/** Fields that are covered with `;sf` without anybody saying what they are. */
const knownTypes: readonly (readonly [name: string, type: FieldType])[] = [
  ["cache-status", "list"],
  ["cdn-cache-control", "dictionary"],
  ["client-cert", "item"],
  ["client-cert-chain", "list"],
  ["content-digest", "dictionary"],
  ["priority", "dictionary"],
  ["proxy-status", "list"],
  ["repr-digest", "dictionary"],
  ["signature", "dictionary"],
  ["signature-input", "dictionary"],
  ["want-content-digest", "dictionary"],
  ["want-repr-digest", "dictionary"],
];

/** More signatures of keys that are known are not verified. */
const mostVerified = 3;
/** Clocks that are set while it waits shall not let a request through twice, in s. */
const clockMargin = 60;

/**
 * @param now ms since 1970
 * @throws Error for a component that is none
 */
export function signatureStrategy(config: SignatureConfig, now: () => number): Strategy {
  const rules = {
    components: config.components.map(readIdentifier),
    maxAge: config.maxAge,
    tolerance: config.tolerance,
    needsNonce: config.nonce === "required",
  };
  const types = new Map([...knownTypes, ...Object.entries(config.structuredFields)] as [string, FieldType][]);
  let keys: ReadonlyMap<string, SignatureKey> = new Map();

  function authenticate(request: PluginRequest, ctx: AuthContext): Verdict | Promise<Verdict> {
    const claimed = readSignatures(request.headers);
    if (claimed === null) return absent;
    if (claimed === "malformed") return refused("malformed");
    const tagged = claimed.filter(({ tag }) => config.tag === "" || tag === config.tag);
    // Others may have signed it for others.
    const known = tagged.filter(({ keyid }) => keyid !== null && keys.has(keyid)).slice(0, mostVerified);
    if (known.length === 0) return refused(tagged.length === 0 ? "tag" : "unknown_key");
    return firstGood(known, request, ctx);
  }

  async function firstGood(
    signatures: readonly ClaimedSignature[],
    request: PluginRequest,
    ctx: AuthContext,
  ): Promise<Verdict> {
    let last: Verdict = absent;
    for (const one of signatures) {
      last = await verify(one, keys.get(one.keyid!)!, request, ctx);
      if (last.kind === "identity") return last;
    }
    return last;
  }

  async function verify(
    claimed: ClaimedSignature,
    key: SignatureKey,
    request: PluginRequest,
    ctx: AuthContext,
  ): Promise<Verdict> {
    // Section 3.2: the key says which algorithm it is; what the message says of it may only agree.
    if (claimed.alg !== null && claimed.alg !== key.alg) return refused("algorithm");
    const reason = reasonAgainstSignature(claimed, rules, now() / 1000);
    if (reason !== null) return refused(reason);
    const text = signatureBase(claimed.covered, request, types);
    if (text === null) return refused("component");
    if (!(await key.isSigned(encoder.encode(text), claimed.bytes))) return refused("signature");
    return (
      (await checkBody(claimed, request)) ??
      checkNonce(claimed, key, ctx) ?? { kind: "identity", identity: key.identity }
    );
  }

  /** Only after the signature: nobody has bodies collected who has no key. */
  async function checkBody({ covered }: ClaimedSignature, request: PluginRequest): Promise<Refused | null> {
    const digests = covered.items.filter(({ item }) => item.value === "content-digest");
    if (digests.length === 0 && config.body === "covered") return null;
    const body = await rawBody(request);
    if (digests.length === 0)
      return config.body === "present" && body.length === 0 ? null : refused("no_digest");
    const members = digests.map(({ parameters }) => parameters.get("key")?.value);
    // Of a field that is covered in part, only that part was signed.
    const only = members.includes(undefined) ? null : members.map(String);
    return hasDigest(request.headers.get("content-digest") ?? "", body, only) ? null : refused("digest");
  }

  function checkNonce(
    claimed: ClaimedSignature,
    { print }: SignatureKey,
    { counters }: AuthContext,
  ): Refused | null {
    const { keyid, nonce } = claimed;
    if (nonce === null) return null;
    const ttl = goodUntil(claimed, rules) - now() / 1000 + clockMargin;
    const mark = sha256(encoder.encode(JSON.stringify([keyid, print, nonce])));
    const isFirst = counters.add(`signature:${hexOf(mark)}`, 1, { most: 1, ttl }) !== undefined;
    return isFirst ? null : refused("replayed");
  }

  return {
    name: "signature",
    // No scheme of RFC 9110 stands for this, but a 401 needs one.
    challenge: 'Signature realm="api"',
    async start() {
      keys = await readSignatureKeys(config.keys);
    },
    authenticate,
  };
}

const encoder = new TextEncoder();
