import { join } from "node:path";
import { type Program, startProgram } from "./program.ts";

/** Only the page under test may use the network. */
const quiet = [
  ...[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
  ],
  ...["--disable-background-networking", "--disable-component-update", "--disable-default-apps"],
];

/**
 * Opens a page in Chromium, which stays open until it is disposed of.
 *
 * @param folder for its profile
 */
export function startChromium(folder: string, url: string): Program {
  const profile = `--user-data-dir=${join(folder, "profile")}`;
  // The debugging port keeps it open until the page has reported.
  const program = startProgram("chromium", [...quiet, profile, "--remote-debugging-port=0", url]);
  return Object.create(program, { [Symbol.asyncDispose]: { value: () => endWithChildren(program) } });
}

/** ms that they have for it. */
const patience = 5_000;

/** Its processes write to the profile until the last one is gone: nobody can remove the folder before. */
async function endWithChildren(program: Program): Promise<void> {
  program.kill("SIGTERM");
  const { promise: isLate, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, patience);
  await Promise.race([program.ended, isLate]);
  clearTimeout(timer);
  await program[Symbol.asyncDispose]();
}
