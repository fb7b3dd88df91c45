import { readFileSync } from "node:fs";

/** The README, as its reader takes it apart. */
export const readme: string = readFileSync("README.md", "utf8");

/** Contents of the fenced blocks of a language. */
export function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, "gm"))].map(
    ([, text]) => text!,
  );
}

/** Cells of the body rows of the table whose header row begins with `first`, code marks removed. */
export function table(first: string): string[][] {
  const lines = readme.split("\n");
  const start = lines.findIndex((line) => new RegExp(`^\\| *${first} *\\|`).test(line)) + 2;
  const length = lines.slice(start).findIndex((line) => !line.startsWith("|"));
  return lines.slice(start, start + length).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", "")),
  );
}
