/**
 * The packed and installed `sluice` as its users meet it: real servers behind, real clients in front. One
 * program, because packing and installing takes longer than the tests.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { missing } from "../support/missing.ts";
import { asTheReadmeSays } from "./as-the-readme-says.ts";
import { beforeNginx } from "./before-nginx.ts";
import { beforeNode } from "./before-node.ts";
import { beforePython } from "./before-python.ts";
import { behindTls } from "./behind-tls.ts";
import { firstPolicy } from "./first-policy.ts";
import { inBrowser } from "./in-browser.ts";
import { installTarball } from "./install.ts";
import { InstalledSluice } from "./installed-sluice.ts";
import { onTheCommandLine } from "./on-the-command-line.ts";
import { operated } from "./operated.ts";

t.setTimeout(180_000);

const folder = mkdtempSync(join(tmpdir(), "sluice-acceptance-"));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const uninstalled = await installTarball(folder);
const installed = new InstalledSluice(join(folder, "installed"));

type Part = (t: Test, installed: InstalledSluice, folder: string) => Promise<void>;

/** Runs a part of the suite in a folder of its own. */
function part(title: string, absent: string | false, run: Part): void {
  t.test(title, { skip: uninstalled || absent }, async (t) => {
    const own = join(folder, run.name);
    mkdirSync(own);
    await run(t, installed, own);
  });
}

part("in front of nginx", missing("nginx", "curl"), beforeNginx);
part("in front of Python's http.server", missing("python3", "curl"), beforePython);
part("in front of a Node service", false, beforeNode);
part("between a browser and a Node service", missing("chromium"), inBrowser);
part("with TLS on both sides", missing("openssl", "curl"), behindTls);
part("on the command line", false, onTheCommandLine);
part("a first policy", false, firstPolicy);
part("operated", false, operated);
part("as the README says", false, asTheReadmeSays);
