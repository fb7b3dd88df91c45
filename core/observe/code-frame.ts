import { printable } from "./printable.ts";

/** Spaces that a tab stands for. */
const tabWidth = 2;
/** Columns of a terminal that says nothing about itself. */
const defaultWidth = 100;
/** A cut line keeps this many columns before the place, so that what leads to it is seen. */
const lead = 20;

/**
 * The line of a place with the line before and after it, and a caret below the place.
 *
 * @param line 1-based
 * @param column 1-based, in UTF-16 code units
 * @param width of the terminal, in columns; a longer line is cut around the place
 * @returns empty text when the source has no such line
 *
 * @example
 * frameAt("const a = 1;\nlet b = ;\n", 2, 9);
 * //   1 | const a = 1;
 * // > 2 | let b = ;
 * //     |         ^
 */
export function frameAt(source: string, line: number, column: number, width = defaultWidth): string {
  const first = Math.max(1, line - 1);
  const lines = linesOf(source, first, line + 1);
  const target = lines[line - first];
  if (target === undefined) return "";
  if (lines.at(-1) === "" && lines.length > line - first + 1) lines.pop();

  const digits = String(first + lines.length - 1).length;
  const room = Math.max(lead, width - digits - " > | ".length);
  const place = expand(target.slice(0, Math.max(0, column - 1))).length;
  const start = place < room ? 0 : place - lead;
  const rows = lines.flatMap((text, index) => {
    const number = first + index;
    const row = `${number === line ? ">" : " "} ${String(number).padStart(digits)} | ${cut(expand(text), start, room)}`;
    if (number !== line) return [row.trimEnd()];
    return [row.trimEnd(), `  ${" ".repeat(digits)} | ${" ".repeat(place - start)}^`];
  });
  return rows.join("\n");
}

/** Lines `first` to `last` (1-based), without splitting a whole bundle. */
function linesOf(source: string, first: number, last: number): string[] {
  const lines: string[] = [];
  let start = 0;
  for (let number = 1; number <= last; number++) {
    const end = source.indexOf("\n", start);
    if (number >= first) lines.push(source.slice(start, end < 0 ? source.length : end).replace(/\r$/, ""));
    if (end < 0) break;
    start = end + 1;
  }
  return lines;
}

/** What a terminal may be given: tabs as spaces, and no control character that it would obey. */
function expand(text: string): string {
  return printable(text.replaceAll("\t", " ".repeat(tabWidth)));
}

function cut(text: string, start: number, room: number): string {
  return text.slice(start, start + room);
}
