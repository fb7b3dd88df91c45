/** The notation for bytes in cases/: printable ASCII and escapes; a string holds one byte a character. */

const escapeSequence = /\\(?:\{(\d+)\*((?:[^\\}]|\\.)*)\}|x([0-9a-f]{2})|(.?))/g;
const named: Record<string, string> = { r: "\r", n: "\n", t: "\t", "\\": "\\" };
const names: Record<string, string> = { "\r": "\\r", "\n": "\\n", "\t": "\\t", "\\": "\\\\" };

/** @throws Error on an escape that the notation does not have */
export function unescapeBytes(text: string): string {
  return text.replace(escapeSequence, (whole, times, repeated, hex, name) => {
    if (times !== undefined) return unescapeBytes(repeated).repeat(Number(times));
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    const character = named[name];
    if (character === undefined) throw new Error(`Cannot read bytes: unknown escape ${whole}`);
    return character;
  });
}

/** The inverse of `unescapeBytes`, without repetitions. */
export function escapeBytes(bytes: string): string {
  return bytes.replace(/[^ -[\]-~]/g, (character) => {
    return names[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}
