/**
 * 64 bits of a text, as a text: two of FNV-1a with different beginnings. It keeps apart what nobody chooses to be alike.
 *
 * @example
 * hashOf("a"); // the same in every reactor
 */
export function hashOf(text: string): string {
  let one = 0x811c9dc5;
  let two = 0x9747b28c;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    one = Math.imul(one ^ unit, 0x01000193);
    two = Math.imul(two ^ unit, 0x85ebca6b) ^ (two >>> 13);
  }
  return (one >>> 0).toString(36) + (two >>> 0).toString(36);
}
