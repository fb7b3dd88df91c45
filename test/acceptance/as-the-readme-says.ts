import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Test } from "tap";
import type { InstalledSluice } from "./installed-sluice.ts";
import { startNamed } from "./named-service.ts";
import { blocks, readme } from "./readme.ts";

/** What the README shows, run as it is written there. */
export async function asTheReadmeSays(t: Test, installed: InstalledSluice, folder: string): Promise<void> {
  const [app, files] = [await startNamed(t, "app"), await startNamed(t, "files")];
  const [yaml = ""] = blocks("yaml");
  writeFileSync(join(folder, "sluice.yaml"), yaml);

  t.test("the config file is valid", async (t) => {
    t.match(await installed.run(["check"], folder), {
      code: 0,
      stdout: "sluice.yaml: valid, 1 listener, 2 clusters, 2 routes\n",
    });
  });

  t.test("the config file routes as it reads", async (t) => {
    const env = { SLUICE_LISTEN: "", LISTEN: "127.0.0.1:0", APP: app.url, FILES: files.url };
    await using sluice = await installed.serve([], { cwd: folder, env });
    const answer = async (path: string, method = "GET") =>
      (await fetch(sluice.url + path, { method })).text();
    t.equal(await answer("/"), "app");
    t.equal(await answer("/assets/logo.svg"), "files");
    t.equal(await answer("/assets", "POST"), "app");
    t.equal(await answer("/assetsless"), "app");
  });

  t.test("a response of its own is a problem, and its log line has the fields", async (t) => {
    await using sluice = await installed.serve(["--upstream", "http://127.0.0.1:9"]);
    const response = await fetch(`${sluice.url}/?secret`);
    t.match(response.headers.get("content-type"), "application/problem+json");
    t.match(response.headers.get("proxy-status"), "error=connection_refused");
    const problem = await response.json();
    await sluice.program.said(/"msg":"request".*\n/);
    const line = JSON.parse(/^.*"msg":"request".*$/m.exec(sluice.program.output)![0]);
    t.match(problem, { code: line.error, requestId: line.requestId, status: 502 });
    for (const name of logFields()) t.ok(Object.hasOwn(line, name), name);
    t.notMatch(JSON.stringify(line), "secret");
  });

  t.test("the program runs", async (t) => {
    const [program = ""] = blocks("ts");
    const file = join(installed.folder, "readme.mts");
    writeFileSync(file, program.replace("http://127.0.0.1:3000", app.url));
    const { stdout } = await promisify(execFile)(process.execPath, [file]);
    t.equal(stdout, "200\n");
  });
}

/** The names that the README gives for the line of a request. */
function logFields(): string[] {
  const sentence = /line of a request has(.*?), and never/s.exec(readme)![1]!;
  return [...sentence.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
}
