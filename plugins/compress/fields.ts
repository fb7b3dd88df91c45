/** Fields of a response that is encoded, and of one that could have been. */
import type { Coding } from "./accept-encoding.ts";

interface Fields {
  get(name: string): string | null;
  set(name: string, value: string): void;
  delete(name: string): void;
}

/** RFC 9110 section 12.5.5: the response depends on the field, also where it stays as it is. */
export function varyByEncoding(headers: Fields): void {
  const vary = headers.get("vary");
  const names = (vary ?? "").split(",").map((name) => name.trim().toLowerCase());
  if (names.includes("*") || names.includes("accept-encoding")) return;
  headers.set("vary", vary === null || vary.trim() === "" ? "Accept-Encoding" : `${vary}, Accept-Encoding`);
}

/** What told of the bytes as they were: their digests (RFC 9530 counts the coding in), and that parts of them can be had. */
const untrue = ["content-md5", "digest", "content-digest", "repr-digest", "accept-ranges"];

export function tellCoding(headers: Fields, coding: Coding): void {
  headers.set("content-encoding", coding);
  weakenTag(headers);
  for (const name of untrue) headers.delete(name);
}

/** RFC 9110 section 8.8.3.3: two codings of one resource have not the same strong tag. */
function weakenTag(headers: Fields): void {
  const tag = headers.get("etag");
  if (tag?.startsWith('"')) headers.set("etag", `W/${tag}`);
}

/**
 * A 304 has the tag of the response that it stands for (RFC 9110 section 15.4.5). That was weak where the client says so.
 *
 * @param ifNoneMatch what the client has
 */
export function weakenTagOfNotModified(headers: Fields, ifNoneMatch: string | null): void {
  const tag = headers.get("etag");
  if (tag?.startsWith('"') && ifNoneMatch?.includes(`W/${tag}`)) headers.set("etag", `W/${tag}`);
}
