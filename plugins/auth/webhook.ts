/** Services that call a webhook, known by the signatures of their calls. */
import type { ConfigOf, PluginRequest } from "sluice/sdk";
import { isSame } from "./constant-time.ts";
import { hexOf } from "./hex.ts";
import { rawBody } from "./raw-body.ts";
import {
  type AuthContext,
  absent,
  refused,
  type Strategy,
  type StrategyType,
  type Verdict,
} from "./strategy.ts";
import { cryptoTurns } from "./turns.ts";
import { type ReadCall, readGitHub, readSlack, readStripe } from "./webhook/senders.ts";

const schema = {
  type: "object",
  required: ["sender", "secrets"],
  additionalProperties: false,
  properties: {
    sender: { enum: ["github", "stripe", "slack"], description: "Whose signatures they are" },
    secrets: {
      type: "array",
      minItems: 1,
      maxItems: 8,
      items: { type: "string", minLength: 8 },
      description: "Secrets of the webhook: one, or the old and the new one while they change",
    },
    subject: { type: "string", maxLength: 1024, default: "", description: "Who it is; empty: the sender" },
    tolerance: {
      type: "integer",
      minimum: 1,
      maximum: 86_400,
      default: 300,
      description: "How far the time of a signature of Stripe or Slack may be from now, in s",
    },
    replayWindow: {
      type: "integer",
      minimum: 0,
      maximum: 31_536_000,
      default: 3600,
      description:
        "For how long a call of GitHub is taken only once, in s; those with a time as long as that is good. 0: calls are taken as often as they come",
    },
  },
} as const;

export type WebhookConfig = ConfigOf<typeof schema>;

const readers: Readonly<Record<WebhookConfig["sender"], ReadCall>> = {
  github: readGitHub,
  stripe: readStripe,
  slack: readSlack,
};

export const webhook: StrategyType<WebhookConfig> = {
  type: "webhook",
  schema,
  create: (config) => webhookStrategy(config, Date.now),
};

const encoder = new TextEncoder();
const algorithm = { name: "HMAC", hash: "SHA-256" } as const;

/** Clocks that are set while it waits shall not let a call through twice, in s. */
const clockMargin = 60;

/** @param now ms since 1970 */
export function webhookStrategy(config: WebhookConfig, now: () => number): Strategy {
  const { sender, tolerance, replayWindow } = config;
  const read = readers[sender];
  const identity = {
    subject: config.subject || sender,
    method: "webhook",
    claims: { sender },
    scopes: [],
    groups: [],
  };
  let keys: readonly CryptoKey[] = [];

  function authenticate(request: PluginRequest, ctx: AuthContext): Verdict | Promise<Verdict> {
    const call = read(request.headers);
    if (call === null) return absent;
    if (call === "malformed") return refused("malformed");
    const seconds = now() / 1000;
    // Before the body is collected: what is too old costs nothing.
    if (call.time !== null && Math.abs(seconds - call.time) > tolerance) return refused("stale");
    const ttl = call.time === null ? replayWindow : call.time + tolerance - seconds + clockMargin;
    return check(call.prefix, call.signatures, ttl, request, ctx);
  }

  async function check(
    prefix: string,
    signatures: readonly Uint8Array[],
    ttl: number,
    request: PluginRequest,
    ctx: AuthContext,
  ): Promise<Verdict> {
    const text = joined(encoder.encode(prefix), await rawBody(request));
    const signWith = async (key: CryptoKey) =>
      new Uint8Array(await cryptoTurns.take(() => crypto.subtle.sign(algorithm, key, text)));
    const right = await Promise.all(keys.map(signWith));
    let isSigned = false;
    for (const one of right) {
      for (const signature of signatures) if (isSame(one, signature)) isSigned = true;
    }
    if (!isSigned) return refused("bad_signature");
    if (replayWindow > 0 && isUsed(right, ttl, ctx)) return refused("replayed");
    return { kind: "identity", identity };
  }

  return {
    name: "webhook",
    // No scheme of RFC 9110 stands for this, but a 401 needs one.
    challenge: `Webhook realm="${sender}"`,
    async start() {
      keys = await Promise.all(
        config.secrets.map((secret) =>
          crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]),
        ),
      );
    },
    authenticate,
  };
}

/**
 * Whether the call came before, to any reactor. It is remembered under each secret: a call that was signed with two
 * is no other one without one of the signatures, nor when a secret is added.
 */
function isUsed(signatures: readonly Uint8Array[], ttl: number, { counters }: AuthContext): boolean {
  let isFirst = true;
  for (const signature of signatures) {
    // Half of it: who reads the store has no signature.
    const key = `webhook:${hexOf(signature.subarray(0, 16))}`;
    if (counters.add(key, 1, { most: 1, ttl }) === undefined) isFirst = false;
  }
  return !isFirst;
}

function joined(start: Uint8Array, rest: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (start.length === 0) return rest;
  const bytes = new Uint8Array(start.length + rest.length);
  bytes.set(start);
  bytes.set(rest, start.length);
  return bytes;
}
