/** Character classes as lookup tables over one byte; 1 means the byte belongs to the class. */

export const CR = 0x0d;
export const LF = 0x0a;
export const SP = 0x20;
export const HTAB = 0x09;
export const COLON = 0x3a;

function table(belongs: (code: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (belongs(code) ? 1 : 0));
}

function among(characters: string): (code: number) => boolean {
  return (code) => characters.includes(String.fromCharCode(code));
}

const alphanumeric = among("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
const tokenMark = among("!#$%&'*+-.^_`|~");
const targetForbidden = among('"<>\\#');
const hostMark = among("-._");

/** RFC 9110 section 5.6.2. */
export const isToken = table((code) => alphanumeric(code) || tokenMark(code));

/** RFC 9110 section 5.5: visible characters, space, tab and obs-text. */
export const isFieldValue = table((code) => code === HTAB || (code >= SP && code !== 0x7f));

/**
 * RFC 3986, but for `^`, `` ` ``, `{`, `|` and `}`, which the URL standard lets browsers
 * send unescaped.
 */
export const isTarget = table((code) => code > SP && code < 0x7f && !targetForbidden(code));

/** A host name or an IPv4 address. */
export const isHostName = table((code) => alphanumeric(code) || hostMark(code));

/** RFC 3986 section 2.3: escaping these changes nothing. */
export const isUnreserved = table((code) => alphanumeric(code) || among("-._~")(code));

/** Value of a hexadecimal digit, or 255. */
export const hexValue = Uint8Array.from({ length: 256 }, (_, code) => {
  const value = "0123456789abcdef".indexOf(String.fromCharCode(code).toLowerCase());
  return value < 0 ? 255 : value;
});
