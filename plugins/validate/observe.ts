/** Nothing waits for what is only told: a body is collected beside its way, and a long one is not looked at. */
import type { Context, PluginRequest, PluginResponse } from "sluice/sdk";
import type { Content } from "./body.ts";
import type { Finding } from "./finding.ts";
import { checkRequest, checkResponse, type Found, needsBody } from "./messages.ts";
import { ObservedBody } from "./observed-body.ts";
import { report } from "./report.ts";

type Reporter = Pick<Context, "log" | "metrics">;
type What = "request" | "response";

/** @returns what has to see the body as it passes; null: the request is judged */
export function observeRequest(request: PluginRequest, found: Found, ctx: Reporter): ObservedBody | null {
  const text = needsBody(found) ? request.arrivedText() : "";
  const { method, url } = request;
  // Policies behind this one may edit what is here now.
  const seen = text === null ? { method, url, headers: new Headers([...request.headers]) } : request;
  return judged(ctx, "request", text, (content) => checkRequest(found, seen, content));
}

/** @returns what has to see the body as it passes; null: the response is judged */
export function observeResponse(response: PluginResponse, found: Found, ctx: Reporter): ObservedBody | null {
  const text = response.arrivedText();
  const { status } = response;
  const seen = text === null ? { status, headers: new Headers([...response.headers]) } : response;
  return judged(ctx, "response", text, (content) => checkResponse(found, seen, content));
}

function judged(
  ctx: Reporter,
  what: What,
  text: string | null,
  check: (content: Content) => Finding | null,
): ObservedBody | null {
  const tell = (content: Content): void => {
    const finding = check(content);
    if (finding !== null) report(ctx, what, "report", finding);
  };
  if (text === null) return new ObservedBody(tell, () => ctx.metrics.counter(`${what}s_unchecked`));
  tell(text);
  return null;
}
