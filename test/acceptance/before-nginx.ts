import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Test } from "tap";
import { missing } from "../support/missing.ts";
import { ask, content, curl } from "./curl.ts";
import { startNginx } from "./file-servers.ts";
import { largeSize, story } from "./files.ts";
import type { InstalledSluice } from "./installed-sluice.ts";

const run = promisify(execFile);

/** Sluice in front of nginx, with curl and wrk as clients. */
export async function beforeNginx(t: Test, installed: InstalledSluice, folder: string): Promise<void> {
  const service = await startNginx(folder);
  t.teardown(() => service[Symbol.asyncDispose]());
  const sluice = await installed.serve(["--upstream", service.url, "--no-access-log"]);
  t.teardown(() => sluice[Symbol.asyncDispose]());

  const requests: Record<string, readonly string[]> = {
    "a page": ["/"],
    "the head of a page": ["/", "--head"],
    "a compressed text": ["/story.txt", "--header", "Accept-Encoding: gzip"],
    "a range": ["/story.txt", "--range", "8-13"],
    "the end of a file": ["/story.txt", "--range", "-20"],
    "a range beyond the end": ["/story.txt", "--range", "9000000-"],
    "a file that did not change": [
      "/story.txt",
      "--header",
      "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT",
    ],
    "a missing file": ["/none"],
    "a method that nginx refuses": ["/story.txt", "--data", "x"],
    "a request of HTTP/1.0": ["/story.txt", "--http1.0"],
  };
  for (const [name, [path, ...options]] of Object.entries(requests)) {
    t.test(`${name} is what nginx itself answers`, async (t) => {
      const [direct, proxied] = [
        await ask([...options, service.url + path]),
        await ask([...options, sluice.url + path]),
      ];
      t.same(content(proxied), content(direct));
      t.match(proxied.fields["via"], /^1\.[01] sluice/);
    });
  }

  t.test("curl gets a compressed text back whole", async (t) => {
    t.equal(await curl(["--compressed", `${sluice.url}/story.txt`]), story);
  });

  t.test("nginx compresses for a request with Via only where it is told to", async (t) => {
    const options = ["--header", "Accept-Encoding: gzip"];
    t.equal((await ask([...options, `${service.url}/shy.txt`])).fields["content-encoding"], "gzip");
    t.equal((await ask([...options, `${sluice.url}/shy.txt`])).fields["content-encoding"], undefined);
  });

  t.test("curl follows a redirect", async (t) => {
    const { status, fields } = await ask([`${sluice.url}/moved`]);
    t.equal(status, 301);
    t.equal(fields["location"], "/index.html");
    t.match(await curl(["--location", `${sluice.url}/moved`]), "<h1>Files</h1>");
  });

  t.test("a large file arrives whole", async (t) => {
    const size = await curl([
      "--output",
      "/dev/null",
      "--write-out",
      "%{size_download}",
      `${sluice.url}/large`,
    ]);
    t.equal(Number(size), largeSize);
  });

  t.test("requests share connections on both sides", async (t) => {
    const url = `${sluice.url}/connection`;
    const output = await curl(["--write-out", " %{num_connects}\n", url, url, url]);
    const [connections, opened] = columns(output);
    t.same(opened, ["1", "0", "0"]);
    t.equal(new Set(connections).size, 1, "nginx sees one connection");
  });

  t.test("wrk sees neither errors nor other answers", { skip: missing("wrk") }, async (t) => {
    const { stdout } = await run("wrk", ["-t1", "-c16", "-d2s", sluice.url]);
    t.match(stdout, /[1-9]\d* requests in/);
    t.notMatch(stdout, /Non-2xx|Socket errors/);
  });
}

function columns(output: string): [string[], string[]] {
  const rows = output
    .trim()
    .split("\n")
    .map((line) => line.split(" "));
  return [rows.map(([first = ""]) => first), rows.map(([, second = ""]) => second)];
}
