/** Routes that the proxy answers itself: redirects, and responses that are always the same. */
import type { RouteConfig } from "../../config/model.ts";
import type { RespondConfig } from "../../config/route-model.ts";
import { ProxyError } from "../../errors.ts";
import { ResponseDraft } from "../../policy/response-draft.ts";
import { compileRedirect, type Locate, type RequestedUrl } from "../../route/redirect.ts";
import { hasDate, writeResponse } from "../../wire/forward/response.ts";
import { reasonPhrase } from "../../wire/reason-phrase.ts";
import { clientScheme } from "../client/facts.ts";
import type { Exchange } from "../exchange.ts";
import { httpDate } from "./http-date.ts";

/** What a route answers; compiled once. */
export interface RouteAnswer {
  readonly status: number;
  /** Field lines, without those that frame the message. */
  readonly fields: string;
  readonly body: string;
  /** The same, one character a byte. */
  readonly bytes: string;
  /** Null: it is no redirect. */
  readonly locate: Locate | null;
}

/** Null: endpoints answer. */
export function routeAnswer({ redirect, respond, match }: RouteConfig): RouteAnswer | null {
  if (redirect !== null) {
    return {
      status: redirect.status,
      fields: "",
      body: "",
      bytes: "",
      locate: compileRedirect(redirect, match.path),
    };
  }
  return respond === null ? null : fixedAnswer(respond);
}

function fixedAnswer({ status, headers, body }: RespondConfig): RouteAnswer {
  const fields = headers.map(({ name, value }) => `${name}: ${value}\r\n`).join("");
  const text = body ?? "";
  return { status, fields, body: text, bytes: Buffer.from(text, "utf8").toString("latin1"), locate: null };
}

/**
 * The answer to a request as policies have left it, for them to see as a response.
 *
 * @throws ProxyError host_malformed when a redirect needs the host and the request names none (HTTP/1.0)
 */
export function draftAnswer(answer: RouteAnswer, url: RequestedUrl): ResponseDraft {
  const draft = new ResponseDraft(answer.status, "", fieldsFor(answer, url));
  draft.body = answer.body;
  return draft;
}

/** Answers where no policy has anything to do with it. */
export function sendAnswer(exchange: Exchange, answer: RouteAnswer): void {
  const { head, client, writer } = exchange;
  const scheme = clientScheme(head, client.side);
  const { authority, path, query } = head;
  const fields = fieldsFor(answer, { scheme, authority, path, query });
  const { status } = answer;
  const connection = exchange.beginResponse(status, false);
  // RFC 9110 section 8.6: no Content-Length in 204, and in 304 only that of the 200.
  const framing = status === 204 || status === 304 ? "" : `Content-Length: ${answer.bytes.length}\r\n`;
  const reason = reasonPhrase(status);
  const rest = { isDated: hasDate(fields), via: "", date: httpDate, added: "" };
  writer.begin(writeResponse({ status, reason, fields, framing, connection, ...rest }), false);
  if (head.method !== "HEAD") writer.bodyText(answer.bytes);
  exchange.endResponse();
}

function fieldsFor({ fields, locate }: RouteAnswer, url: RequestedUrl): string {
  if (locate === null) return fields;
  const location = locate(url);
  if (location !== null) return `${fields}Location: ${location}\r\n`;
  throw new ProxyError("host_malformed", "Cannot redirect: the request names no host", {
    source: "downstream",
  });
}
