import { pathToFileURL } from "node:url";

/**
 * The file whose code called into a module, as a URL; null when the stack does not tell.
 *
 * @param module `import.meta.url` of the module that was called
 * @param stack of an error that was made in it
 * @example
 * callerOf(import.meta.url, new Error().stack); // "file:///app/plugins/tenant.test.ts"
 */
export function callerOf(module: string, stack: unknown): string | null {
  if (typeof stack !== "string") return null;
  let hasPassed = false;
  for (const line of stack.split("\n")) {
    const file = fileOf(line);
    if (file === null) continue;
    if (file === module) hasPassed = true;
    else if (hasPassed) return file;
  }
  return null;
}

/** Of `at name (file:///a/b.ts:1:2)`, `at file:///a/b.ts:1:2` or, in CommonJS, `at name (/a/b.js:1:2)`. */
function fileOf(frame: string): string | null {
  const place = /(?:\(|at (?:async )?)((?:file:\/\/|\/|[A-Za-z]:\\)[^()]*):\d+:\d+\)?$/.exec(
    frame.trimEnd(),
  )?.[1];
  if (place === undefined) return null;
  return place.startsWith("file:") ? place : pathToFileURL(place).href;
}
