/** The work of the rows about built-in policies, and proof that a contestant does it. */
import { createSign, generateKeyPairSync } from "node:crypto";
import { get } from "../load/get.ts";
import type { Target } from "../load/load.ts";
import { echoedField, expect } from "./gate.ts";

/** What clients have to send in `x-api-key`, who they are then, and the field that tells the service. */
export const apiKey = "bench-91d0c6f2";
export const subject = "acme";
export const subjectField = "x-auth-subject";
export const keyFields = { "x-api-key": apiKey } as const;

/** A path of which everybody may have one response in this time, in s; all others are limited so high that nobody is refused. */
export const narrowPath = "/narrow";
export const narrowWindow = 60;
export const wideLimit = 1_000_000;

/** Asks without a key, with a wrong one, with the right one, and once too often where the limit is low. */
export async function checkKeyAndLimit(target: Target): Promise<void> {
  for (const fields of [{}, { "x-api-key": `${apiKey}0` }]) {
    expect("the status without a valid key", 401, (await get(target, "/echo", fields)).status);
  }
  await checkSubject(target, keyFields);
  await checkLimit(target, keyFields);
}

/** Asks once too often where the limit is low. */
export async function checkLimit(
  target: Target,
  fields: Readonly<Record<string, string>> = {},
): Promise<void> {
  expect("the status within the limit", 200, (await get(target, narrowPath, fields)).status);
  expect("the status beyond the limit", 429, (await get(target, narrowPath, fields)).status);
}

/** Asks twice for what is another thing each time unless it is kept. */
export async function checkCache(target: Target): Promise<void> {
  const first = await get(target, "/turn", {});
  const second = await get(target, "/turn", {});
  expect("the second answer", first.body.toString(), second.body.toString());
  expect("the length of what is kept", 1000, (await get(target, "/fresh-1k", {})).body.length);
}

const issuer = "https://login.example";
const audience = "bench";
const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
/** As PEM. */
export const publicKey = keys.publicKey.export({ type: "spki", format: "pem" }) as string;
export const expectedToken = { issuer, audience } as const;

/** Good for a day. */
const token = signed({
  iss: issuer,
  aud: audience,
  sub: subject,
  exp: Math.floor(Date.now() / 1000) + 86_400,
});
export const tokenFields = { authorization: `Bearer ${token}` } as const;

/** Asks without a token, with one whose signature or whose time is wrong, and with the right one. */
export async function checkToken(target: Target): Promise<void> {
  const forged = `${token.slice(0, token.lastIndexOf("."))}.${"A".repeat(342)}`;
  const late = signed({ iss: issuer, aud: audience, sub: subject, exp: 1 });
  for (const bad of [undefined, forged, late]) {
    const fields = bad === undefined ? {} : { authorization: `Bearer ${bad}` };
    expect("the status without a good token", 401, (await get(target, "/echo", fields)).status);
  }
  await checkSubject(target, tokenFields);
  await checkSubject(target, tokenFields);
}

/** Reads what became of the JSON of `/small`: one member gone, one renamed, one new. */
export async function checkJson(target: Target): Promise<void> {
  const record = JSON.parse((await get(target, "/small", {})).body.toString()) as Record<string, unknown>;
  expect("what was removed", undefined, record["stock"]);
  expect("the old name of what was renamed", undefined, record["name"]);
  expect("what was renamed", "A record of ordinary size", record["title"]);
  expect("what was added", true, record["seen"]);
  expect("what was left alone", "01JCZ5W7Q4T8", record["id"]);
}

/** What a body has to be, as JSON Schema. */
export const orderSchema = {
  type: "object",
  required: ["item", "count", "lines"],
  properties: {
    item: { type: "string", maxLength: 40 },
    count: { type: "integer", minimum: 1, maximum: 1000 },
    note: { type: "string" },
    lines: {
      type: "array",
      maxItems: 20,
      items: {
        type: "object",
        required: ["sku", "price"],
        properties: { sku: { type: "string", minLength: 4 }, price: { type: "number", minimum: 0 } },
        additionalProperties: false,
      },
    },
  },
  additionalProperties: false,
} as const;

const lines = Array.from({ length: 5 }, (_, i) => ({ sku: `part-${i}`, price: 10 + i }));
/** A body that fits it. */
export const order = JSON.stringify({ item: "chair", count: 2, lines });
export const orderFields = { "content-type": "application/json" } as const;

/** Sends a body that fits and some that do not. */
export async function checkValidation({ port }: Target): Promise<void> {
  const post = async (body: string) => {
    const response = await fetch(`http://127.0.0.1:${port}/sink`, {
      method: "POST",
      body,
      headers: orderFields,
    });
    await response.arrayBuffer();
    return response.status;
  };
  expect("the status of what fits", 200, await post(order));
  for (const bad of [
    '{"item":"chair"}',
    order.replace('"count":2', '"count":0'),
    order.replace("sku", "SKU"),
  ]) {
    expect("the status of what does not fit", 422, await post(bad));
  }
}

async function checkSubject(target: Target, fields: Readonly<Record<string, string>>): Promise<void> {
  const { status, body } = await get(target, "/echo", fields);
  expect("the status of who is known", 200, status);
  expect("who the service is told", subject, echoedField(body, subjectField));
}

function signed(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}`;
  return `${text}.${createSign("sha256").update(text).sign(keys.privateKey, "base64url")}`;
}
