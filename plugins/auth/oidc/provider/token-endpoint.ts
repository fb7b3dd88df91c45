/** The token endpoint (OpenID Connect Core 1.0, sections 3.1.3 and 12). */
import type { ClientProof } from "./client-auth.ts";
import { type CallProvider, membersOf, type ProviderAnswer } from "./provider-call.ts";

export interface Tokens {
  readonly accessToken: string;
  /** In s; null: the provider does not say. */
  readonly expiresIn: number | null;
  readonly refreshToken: string | null;
  readonly idToken: string | null;
  /** What the access token is good for; null: what was asked for. */
  readonly scope: string | null;
}

/** `refused`: the provider says no to this code or refresh token; `failed`: it cannot be asked, or says nonsense. */
export type TokenResult =
  | { readonly kind: "tokens"; readonly tokens: Tokens }
  | { readonly kind: "refused"; readonly error: string }
  | { readonly kind: "failed"; readonly message: string };

/** Longer ones fit into no cookie. */
const longestToken = 16 * 1024;

/** Asks for tokens. What went wrong is told without anything that the provider wrote but its code of the error. */
export async function askForTokens(
  url: string,
  grant: Readonly<Record<string, string>>,
  { headers, form }: ClientProof,
  call: CallProvider,
): Promise<TokenResult> {
  try {
    const body = new URLSearchParams({ ...grant, ...form }).toString();
    const fields = { ...headers, "content-type": "application/x-www-form-urlencoded" };
    return readAnswer(await call(url, { method: "POST", headers: fields, body }));
  } catch (error) {
    return { kind: "failed", message: (error as Error).message };
  }
}

function readAnswer({ status, text }: ProviderAnswer): TokenResult {
  if (status === 200) return { kind: "tokens", tokens: readTokens(membersOf(text)) };
  if (status !== 400 && status !== 401) return { kind: "failed", message: `status ${status}` };
  const { error } = membersOf(text);
  const code = typeof error === "string" && /^[\w-]{1,64}$/.test(error) ? error : "unknown";
  // RFC 6749, section 5.2: any other error is one of this client, not of the user's grant.
  return code === "invalid_grant"
    ? { kind: "refused", error: code }
    : { kind: "failed", message: `the provider refuses this client: ${code}` };
}

function readTokens(members: Readonly<Record<string, unknown>>): Tokens {
  const accessToken = textOf(members, "access_token");
  const type = textOf(members, "token_type");
  if (accessToken === null || type?.toLowerCase() !== "bearer") throw new Error("there is no bearer token");
  const seconds = Number(members["expires_in"] ?? Number.NaN);
  return {
    accessToken,
    expiresIn: seconds > 0 && seconds < 1e10 ? Math.floor(seconds) : null,
    refreshToken: textOf(members, "refresh_token"),
    idToken: textOf(members, "id_token"),
    scope: textOf(members, "scope"),
  };
}

/** Tokens are visible ASCII (RFC 6749, appendix A), and go into fields. */
function textOf(members: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = members[name];
  if (value === undefined || value === null || value === "") return null;
  if (typeof value !== "string" || value.length > longestToken || !/^[\x20-\x7e]+$/.test(value)) {
    throw new Error(`${name} is no text that may be used`);
  }
  return value;
}
