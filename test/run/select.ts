import { globSync } from "node:fs";
import type { Suite } from "./suite.ts";

/** Rooms whose code touches no runtime API that differs: their suites run on Deno too. */
const neutralRooms = ["wire", "route", "config"];

/** Every test file, sorted, the architecture first: it is quick and says most. */
export function findTestFiles(): string[] {
  const files = globSync("test/**/*.test.ts").sort();
  const isArchitecture = (file: string) => file.startsWith("test/architecture/");
  return [...files.filter(isArchitecture), ...files.filter((file) => !isArchitecture(file))];
}

/**
 * The files a person named: by path, or by a part of it (`wire`, `wire/head`).
 * @throws Error when a name matches nothing
 */
export function selectFiles(files: readonly string[], names: readonly string[]): string[] {
  for (const name of names) {
    if (!files.some((file) => matches(file, name)))
      throw new Error(`Cannot select ${name}: no test file matches`);
  }
  return files.filter((file) => names.length === 0 || names.some((name) => matches(file, name)));
}

/** Each file on Node, then the runtime-neutral ones on Deno. */
export function planSuites(files: readonly string[]): Suite[] {
  const neutral = files.filter((file) => neutralRooms.some((room) => file.startsWith(`test/${room}/`)));
  return [
    ...files.map((file): Suite => ({ file, runtime: "node" })),
    ...neutral.map((file): Suite => ({ file, runtime: "deno" })),
  ];
}

function matches(file: string, name: string): boolean {
  return file.includes(name.replace(/^\.\//, ""));
}
