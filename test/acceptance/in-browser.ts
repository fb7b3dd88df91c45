import { join } from "node:path";
import type { Test } from "tap";
import { startProgram } from "../support/program.ts";
import type { InstalledSluice } from "./installed-sluice.ts";
import { startNode } from "./node-service.ts";

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

/** A page in a browser, with its service behind Sluice. */
export async function inBrowser(t: Test, installed: InstalledSluice, folder: string): Promise<void> {
  await using service = await startNode();
  await using sluice = await installed.serve(["--upstream", service.url]);
  const profile = `--user-data-dir=${join(folder, "profile")}`;
  // The debugging port keeps it open until the page has reported.
  const args = [...quiet, profile, "--remote-debugging-port=0", `${sluice.url}/page`];
  await using chromium = startProgram("chromium", args);
  const report = await Promise.race([
    service.report,
    chromium.ended.then(() => Promise.reject(new Error(`chromium ended: ${chromium.output}`))),
  ]);

  t.equal(report.assets, 20, "assets load");
  t.same(report.streamed, ["first\n", "second\n", "third\n"], "fetch reads a stream piece by piece");
  t.same(report.events, ["first", "second", "third"], "events arrive one by one");
  t.same(report.socket, ["hello", "x".repeat(70_000)], "a WebSocket echoes");
  t.notMatch(sluice.program.output, /"status":[45]/, "no request failed");
}
