import { responseContent } from "./content.ts";
import type { Outcome } from "./entries.ts";
import type { Message } from "./message-parser.ts";

/** Statuses that the proxy may answer with when an endpoint fails. */
const proxyErrors = new Set(["502", "503", "504"]);

/** Whether a whole response is the one that belongs to a request. */
export function judgeResponse(
  request: { readonly id: string; readonly method: string },
  { startLine, fields, body }: Message,
): { outcome: Outcome; detail: string } {
  const status = startLine.slice(9, 12);
  if (fields.get("content-type") === "application/problem+json") {
    return judgeRefusal(request, status, fields, body);
  }
  const answered = fields.get("x-ledger-id");
  if (answered !== request.id) return wrong(`answers ${answered}`);
  if (status !== "200") return wrong(`status ${status}`);
  if (request.method === "HEAD") return { outcome: "right", detail: "" };
  // An endpoint that lies about a length says here what it framed: that much is the message.
  const framed = Number(fields.get("x-ledger-length"));
  const expected = responseContent(request.id).subarray(0, framed);
  if (body.length !== expected.length) return wrong(`${body.length} bytes of ${expected.length} look whole`);
  if (!body.equals(expected)) return wrong("its body has other bytes");
  return { outcome: "right", detail: "" };
}

function judgeRefusal(
  request: { readonly id: string; readonly method: string },
  status: string,
  fields: ReadonlyMap<string, string>,
  body: Buffer,
): { outcome: Outcome; detail: string } {
  if (!proxyErrors.has(status)) return wrong(`refused with ${status}: ${body}`);
  if (fields.get("x-request-id") !== request.id) return wrong("a refusal of another request");
  return { outcome: "refused", detail: request.method === "HEAD" ? status : JSON.parse(String(body)).code };
}

function wrong(detail: string): { outcome: Outcome; detail: string } {
  return { outcome: "wrong", detail };
}
