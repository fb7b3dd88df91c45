/**
 * The first match, asked for at each character alone: a search of V8 over all of them misses `[^a]$` in "😀", and finds `\B`
 * between the halves of a surrogate pair.
 *
 * @param flags with `u`, without `y`
 */
export function searchInV8(source: string, flags: string, text: string): RegExpExecArray | null {
  const here = new RegExp(source, `${flags}y`);
  let begin = 0;
  for (const sign of [...text, ""]) {
    here.lastIndex = begin;
    const found = here.exec(text);
    if (found !== null) return found;
    begin += sign.length;
  }
  return null;
}
