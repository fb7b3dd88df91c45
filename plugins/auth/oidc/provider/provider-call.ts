/** Calls of the provider. */
import { boundedBody } from "../../bounded-body.ts";

/** Longer answers are not read, in bytes. */
const longestAnswer = 256 * 1024;

export interface ProviderAnswer {
  readonly status: number;
  readonly text: string;
}

/** How a provider is asked; tests have one of their own. */
export type CallProvider = (url: string, init: ProviderRequest) => Promise<ProviderAnswer>;

export interface ProviderRequest {
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * Redirects are not followed: they would carry secrets to whoever is named.
 *
 * @param timeout in s
 */
export function callProvider(timeout: number): CallProvider {
  return async (url, init) => {
    const response = await fetch(url, {
      ...init,
      headers: { accept: "application/json", ...init.headers },
      redirect: "error",
      signal: AbortSignal.timeout(timeout * 1000),
    });
    const body = await boundedBody(response, longestAnswer);
    if (body === null) throw new Error(`an answer is longer than ${longestAnswer} bytes`);
    return { status: response.status, text: new TextDecoder().decode(body) };
  };
}

/** The members of a JSON object. @throws Error for any other text */
export function membersOf(text: string): Readonly<Record<string, unknown>> {
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    // What the parser says holds a part of the text.
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error("an answer is no JSON object");
  }
  return value as Readonly<Record<string, unknown>>;
}
