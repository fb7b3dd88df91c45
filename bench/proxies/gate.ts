/** The work that every contestant of the rows about policies does, and proof that it does it. */
import { get } from "../load/get.ts";
import type { Target } from "../load/load.ts";

/** What clients have to send in `x-api-key`. */
export const gateKey = "bench-3f9c2ad1";

/** The fields of a request that is let through. */
export const gateFields = { "x-api-key": gateKey } as const;

/**
 * Asks without a key, with a wrong one and with the right one.
 *
 * @throws when one of the answers is not what the gate gives
 */
export async function checkGate(target: Target): Promise<void> {
  for (const fields of [{}, { "x-api-key": `${gateKey}0` }]) {
    const { status } = await get(target, "/echo", fields);
    expect("the status without a valid key", 401, status);
  }
  const { status, fields, body } = await get(target, "/echo", gateFields);
  expect("the status with the key", 200, status);
  expect("x-policy in the response", "seen", fields["x-policy"]);
  expect("x-tenant in the request", "acme", echoedField(body, "x-tenant"));
  const small = await get(target, "/small", gateFields);
  expect("JSON in the body", true, small.body.toString().endsWith("}"));
}

/**
 * The same, and what a gateway tells: whom it forwards for, over which protocol and to which host, as which request and by whom.
 *
 * @throws when one of the answers is not what the gate gives, or one of these fields is missing
 */
export async function checkTellingGate(target: Target): Promise<void> {
  await checkGate(target);
  const { fields, body } = await get(target, "/echo", gateFields);
  expect("x-forwarded-for in the request", "127.0.0.1", echoedField(body, "x-forwarded-for"));
  expect("x-forwarded-proto in the request", "http", echoedField(body, "x-forwarded-proto"));
  expect("x-forwarded-host in the request", echoedField(body, "host"), echoedField(body, "x-forwarded-host"));
  expect("an id in the request", true, echoedField(body, "x-request-id").length >= 32);
  expect("via in the request", true, echoedField(body, "via").startsWith("1.1 "));
  expect("via in the response", true, fields["via"]?.startsWith("1.1 "));
}

/** @throws when the bodies that come through a proxy are not as long as the upstream's, or not changed */
export async function checkFlip(target: Target): Promise<void> {
  const { status, body } = await get(target, "/big", {});
  expect("the status", 200, status);
  expect("the length of the body", 10_000_000, body.length);
  expect("the first byte", "x", String.fromCharCode(body[0] as number));
  expect("more than one changed byte", true, body.lastIndexOf("x") > 0);
}

/** All values of a field that reached the upstream, as its `/echo` tells. */
export function echoedField(body: Buffer, name: string): string {
  const lines = new RegExp(`^${name}: *(.*?)\\r$`, "gim");
  return [...body.toString("latin1").matchAll(lines)].map(([, value]) => value).join();
}

/** @throws when what was found is not what was wanted */
export function expect(what: string, wanted: unknown, found: unknown): void {
  if (found !== wanted) throw new Error(`Cannot measure: expected ${what} to be ${wanted}, found ${found}`);
}
