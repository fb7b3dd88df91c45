import type { PurgeRequest, PurgeResult } from "../../data/plane.ts";
import type { Purge } from "../../store/responses/purge-log.ts";
import { type AdminPage, json, problem } from "./page.ts";

const kinds = ["url", "prefix", "tag"] as const;

/**
 * `POST /cache/purge`: takes stored responses away by their URL, by what their URLs begin with, or by a tag; with
 * `soft` they are marked as stale instead. All reactors have done it when the answer is there. Where machines share
 * what is kept, 200 says that the others do it as well; with 503 they will when their store is back.
 */
export async function purgeAction(
  body: unknown,
  purge: (request: PurgeRequest) => Promise<PurgeResult>,
): Promise<AdminPage> {
  const request = readRequest(body);
  if (typeof request === "string") return problem(400, request);
  try {
    const { count: purged, isShared } = await purge(request);
    if (isShared === false)
      return problem(503, "The store has not taken the purge: it is told when it is back", { purged });
    return json(200, { purged, ...(isShared !== null && { shared: true }) });
  } catch {
    return problem(503, "Data process does not answer");
  }
}

/** A text says what is wrong. */
function readRequest(body: unknown): PurgeRequest | string {
  const expected = "Expected one of url, prefix and tag, and soft or not";
  if (typeof body !== "object" || body === null || Array.isArray(body)) return expected;
  const { soft = false, ...rest } = body as Readonly<Record<string, unknown>>;
  const [name, ...others] = Object.keys(rest);
  const kind = kinds.find((one) => one === name);
  if (kind === undefined || others.length > 0 || typeof soft !== "boolean") return expected;
  const value = rest[kind];
  if (typeof value !== "string" || value === "") return `Expected a text as ${kind}`;
  if (kind === "tag") return { purge: { tag: value }, soft };
  const url = asKept(value);
  if (url === null) return `Expected an absolute http or https URL as ${kind}`;
  return { purge: { [kind]: url } as Purge, soft };
}

/** Scheme and authority as policies keep them: in lower case, and without the port that everybody knows. */
function asKept(url: string): string | null {
  const [, scheme, authority, rest] = /^(https?):\/\/([^/?#\s]+)([^#]*)/i.exec(url) ?? [];
  if (scheme === undefined) return null;
  const lower = scheme.toLowerCase();
  const port = lower === "https" ? /:(?:443)?$/ : /:(?:80)?$/;
  const path = rest === "" || rest!.startsWith("?") ? `/${rest}` : rest;
  return `${lower}://${authority!.toLowerCase().replace(port, "")}${path}`;
}
