import { createRequire } from "node:module";

/** The version of the installed package. */
export function readVersion(): string {
  // By its own name: the source and the published file lie at different depths.
  const manifest: { version: string } = createRequire(import.meta.url)("sluice/package.json");
  return manifest.version;
}
