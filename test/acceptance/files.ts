import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Bytes of `/large`: more than any buffer on the way. */
export const largeSize = 3_000_000;

/** A text that compresses well and counts its lines, so that a range of it can be told from another. */
export const story = Array.from({ length: 2_000 }, (_, line) => `This is line ${line} of the story.\n`).join(
  "",
);

/**
 * Writes the files that the file servers serve: a page, a text and a large one.
 *
 * @returns their folder
 */
export function writeFiles(folder: string): string {
  const files = join(folder, "files");
  mkdirSync(files, { recursive: true });
  writeFileSync(join(files, "index.html"), "<!doctype html><title>Files</title><h1>Files</h1>\n");
  writeFileSync(join(files, "story.txt"), story);
  writeFileSync(join(files, "large"), Buffer.alloc(largeSize, "sluice"));
  return files;
}
