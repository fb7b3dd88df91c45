import type { Test } from "tap";
import { startChromium } from "../support/chromium.ts";
import type { InstalledSluice } from "./installed-sluice.ts";
import { startNode } from "./node-service.ts";

/** A page in a browser, with its service behind Sluice. */
export async function inBrowser(t: Test, installed: InstalledSluice, folder: string): Promise<void> {
  await using service = await startNode();
  await using sluice = await installed.serve(["--upstream", service.url]);
  await using chromium = startChromium(folder, `${sluice.url}/page`);
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
