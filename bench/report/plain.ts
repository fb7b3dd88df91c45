import type { Cells } from "./cells.ts";

/** A table for a terminal: the first column to the left, the others to the right. */
export function plainTable({ title, head, body }: Cells): string {
  const lines = [head, ...body];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  const written = lines.map((line) =>
    line
      .map((text, column) => (column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!)))
      .join("  "),
  );
  return [title, ...written, ""].map((line) => `${line.trimEnd()}\n`).join("");
}
