/** Fields of a message that is decoded. */

interface Fields {
  get(name: string): string | null;
  set(name: string, value: string): void;
  delete(name: string): void;
}

/** What told of the bytes as they were: RFC 9530 counts the coding in. */
const untrue = ["content-encoding", "content-md5", "digest", "content-digest", "repr-digest"];

export function forgetEncoding(headers: Fields): void {
  for (const name of untrue) headers.delete(name);
}

export function forgetResponseEncoding(headers: Fields): void {
  forgetEncoding(headers);
  // Parts of it would be parts of what was encoded.
  headers.delete("accept-ranges");
  // RFC 9110 section 8.8.3.3: two codings of one resource have not the same strong tag.
  const tag = headers.get("etag");
  if (tag?.startsWith('"')) headers.set("etag", `W/${tag}`);
}
