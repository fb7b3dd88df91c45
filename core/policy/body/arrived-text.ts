/** Bodies that are here as a whole, as the text that they are in UTF-8. */

/** In code units or bytes: what is longer costs more than the wait for it. */
export const mostArrived = 64 * 1024;

/** Null: it is no text of which everybody thinks the same: a mark at its begin is a part of it, or none. */
export function textIn(bytes: Buffer): string | null {
  return certain(bytes.toString("utf8"));
}

/** @param latin1 the bytes */
export function textInLatin1(latin1: string): string | null {
  return isAscii(latin1) ? latin1 : textIn(Buffer.from(latin1, "latin1"));
}

/** A replacement character is one that was there, or stands for bytes that are no UTF-8. */
export function certain(text: string): string | null {
  return text.includes("\ufffd") || text.startsWith("\ufeff") || !text.isWellFormed() ? null : text;
}

export function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text);
}
