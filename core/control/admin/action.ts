import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { isThisMachine } from "./host.ts";
import { type AdminPage, problem } from "./page.ts";

/** What an operator has done by POST, with a JSON document that says how. */
export interface AdminAction {
  (body: unknown): AdminPage | Promise<AdminPage>;
  /** Whether it is done for nobody but this machine. */
  readonly isLocal?: boolean;
}

/** By path. */
export type AdminActions = Readonly<Record<string, AdminAction>>;

/** It gives somebody rights: who may look at the pages over the network, as a scraper of metrics does, has none for it. */
export function forThisMachine(action: AdminAction): AdminAction {
  return Object.assign((body: unknown) => action(body), { isLocal: true });
}

/** Bytes of the document. */
const longestBody = 64 * 1024;

/**
 * Does what a request asks for. A web page can have its reader's browser send a POST to this listener (CSRF, CWE-352), but
 * not one with this media type, unless the listener agrees beforehand, which it never does; and a browser says from where
 * it comes.
 */
export async function act(request: IncomingMessage, action: AdminAction): Promise<AdminPage> {
  const { headers, socket } = request;
  if (action.isLocal === true && !isThisMachine(socket.remoteAddress, socket.localAddress))
    return problem(403, "Request comes from another machine");
  if (isFromAnotherPage(headers))
    return problem(403, "Request comes from a page that is not of this listener");
  if (!/^application\/json *(?:;|$)/i.test(headers["content-type"] ?? "")) {
    return problem(415, "Content-Type is not application/json");
  }
  const text = await readText(request);
  if (text === null) return problem(413, "Request body is too long");
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return problem(400, "Request body is not JSON");
  }
  return action(body);
}

/** Programs send neither of these fields. */
function isFromAnotherPage(headers: IncomingHttpHeaders): boolean {
  const { origin, host } = headers;
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") return true;
  return origin !== undefined && origin !== `http://${host}`;
}

/** Null: it is too long. */
async function readText(request: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > longestBody) return null;
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
