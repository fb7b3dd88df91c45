/** Shorter ones are under 1 kB even with two bytes for each character. */
const leastInArray = 512;
/** The memory limit is looked at before a text is put outside, and after it is copied inside. */
const mostInArray = 2 ** 20;

/**
 * A text as it is given to a guest. isolated-vm puts a text of 1 kB or more outside of the guest's heap, where it stays until
 * all objects are looked at. V8 sees no need for that before the guest is at its memory limit, and throws away compiled code
 * when it does: that was every 2.4 s under load. A text in an array is copied into the heap, which costs less as well.
 */
export function textForGuest(text: string): string | readonly [string] {
  return text.length >= leastInArray && text.length <= mostInArray ? [text] : text;
}
