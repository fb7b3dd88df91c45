import type { Answer } from "./answer.ts";
import type { Preference } from "./prefer.ts";
import type { NoAnswer } from "./rules.ts";

/** @param marker name of the field that says what answered; empty: none */
export function replyOf(answer: Answer, preference: Preference, marker: string, seed: string): Response {
  const { status, body } = answer;
  // A document calls its examples as it likes.
  const name = answer.name.replace(/[^\x20-\x7e]|["\\]/g, "?");
  const headers = new Headers();
  for (const [field, value] of answer.headers) headers.append(field, value);
  const { code, example } = preference;
  // RFC 7240 section 3.
  const applied = [code === null ? [] : `code=${code}`, example === null ? [] : `example="${name}"`].flat();
  if (applied.length > 0) headers.set("preference-applied", applied.join(", "));
  if (marker !== "") headers.set(marker, name);
  return new Response(body === null ? null : body(seed), { status, headers });
}

/** What a client is told for whom there is no answer, as problem details (RFC 9457). */
export function noReply(reason: NoAnswer, marker: string): Response {
  const [status, title, detail] =
    reason === "unknown"
      ? ([404, "Not Found", "Nothing answers this request"] as const)
      : ([406, "Not Acceptable", "No answer is as Prefer and Accept want it"] as const);
  const headers = new Headers({ "content-type": "application/problem+json" });
  if (marker !== "") headers.set(marker, "none");
  return new Response(JSON.stringify({ type: "about:blank", title, status, detail }), { status, headers });
}
