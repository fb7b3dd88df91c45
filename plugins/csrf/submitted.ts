import type { PluginRequest } from "sluice/sdk";

/** Where a request may have its token. */
export interface Places {
  readonly header: string;
  /** Of a form; empty: nowhere in it. */
  readonly field: string;
  /** Longest form that is looked through. */
  readonly formBytes: number;
}

/** The token that a request has; null: it has none; `too long`: its form is longer than one that is looked through. */
export type Submitted = { readonly token: string | null } | "too long";

/** The token of a request: in its header or, where that has none, in the form that it sends. */
export async function submittedToken(request: PluginRequest, places: Places): Promise<Submitted> {
  const inHeader = request.headers.get(places.header);
  if (inHeader !== null) return { token: inHeader };
  if (places.field === "" || !isForm(request.headers.get("content-type"))) return { token: null };
  // Its length may not be told: then the body's own limit holds, and this one behind it.
  if (Number(request.headers.get("content-length") ?? 0) > places.formBytes) return "too long";
  const bytes = await request.bytes();
  if (bytes.length > places.formBytes) return "too long";
  const values = new URLSearchParams(new TextDecoder().decode(bytes)).getAll(places.field);
  // Of two the service may take another one than this policy.
  return { token: values.length === 1 ? values[0]! : null };
}

function isForm(contentType: string | null): boolean {
  return /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(contentType ?? "");
}
