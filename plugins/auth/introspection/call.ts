/** Questions to an introspection endpoint (RFC 7662, section 2), and their answers. */
import type { IntrospectionConfig } from "./config.ts";

type Settings = Pick<
  IntrospectionConfig,
  "endpoint" | "clientId" | "clientSecret" | "clientAuth" | "timeout"
>;
type Claims = Readonly<Record<string, unknown>>;

/** What the server says of a token that is active; null: of another. */
export type Introspected = Claims | null;

/** In code units: what is known of a client has to fit into an identity. */
const longestAnswer = 24 * 1024;

/**
 * Asks for a token.
 *
 * @throws Error that holds neither the token nor what was answered: the server could not be asked
 *
 * @example
 * await introspect("2YotnFZFEjr1zCsicMWpAA", config); // { active: true, sub: "alice", scope: "orders:read", ... }
 */
export async function introspect(token: string, settings: Settings): Promise<Introspected> {
  const { endpoint, timeout } = settings;
  const { headers, body } = questionOf(token, settings);
  const response = await fetch(endpoint, {
    method: "POST",
    headers,
    body,
    redirect: "error",
    signal: AbortSignal.timeout(timeout * 1000),
  });
  const text = await response.text();
  // Whether this proxy may ask, and not the token, is what every other status is about (section 2.3).
  if (response.status !== 200) throw new Error(`the endpoint answered with status ${response.status}`);
  return readAnswer(text);
}

/** The fields and the form that are sent (RFC 7662, section 2.1; RFC 6749, section 2.3.1). */
export function questionOf(
  token: string,
  { clientId, clientSecret, clientAuth }: Settings,
): { readonly headers: Readonly<Record<string, string>>; readonly body: string } {
  const form = new URLSearchParams({ token, token_type_hint: "access_token" });
  const headers: Record<string, string> = {
    accept: "application/json",
    "content-type": "application/x-www-form-urlencoded",
  };
  if (clientAuth === "basic") {
    headers["authorization"] = `Basic ${btoa(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`)}`;
  } else if (clientAuth === "bearer") headers["authorization"] = `Bearer ${clientSecret}`;
  else if (clientId !== "") form.set("client_id", clientId);
  if (clientAuth === "post") form.set("client_secret", clientSecret);
  return { headers, body: form.toString() };
}

/** @throws Error when it is none */
export function readAnswer(text: string): Introspected {
  if (text.length > longestAnswer) throw new Error(`the answer is longer than ${longestAnswer} characters`);
  let answer: unknown = null;
  try {
    answer = JSON.parse(text);
  } catch {
    // Told below; what the parser says holds a part of the text.
  }
  // Nothing but `true` itself is one: "false" and "true" are texts of servers that something is wrong with.
  if (!isObject(answer) || typeof answer["active"] !== "boolean")
    throw new Error("the answer is not one of RFC 7662");
  return answer["active"] ? answer : null;
}

function isObject(value: unknown): value is Claims {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** As in a form, which is not what every client does, but what RFC 6749 says: `:` in a name would be another name. */
function formEncoded(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}
