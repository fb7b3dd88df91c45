import { once } from "node:events";
import { renameSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Test } from "tap";
import type { InstalledSluice, ServingSluice } from "./installed-sluice.ts";
import { type NamedService, startNamed } from "./named-service.ts";

/** Reload, admin pages, logs and drain, as an operator sees them. */
export async function operated(t: Test, installed: InstalledSluice, folder: string): Promise<void> {
  const [blue, green] = [await startNamed(t, "blue"), await startNamed(t, "green")];
  const file = join(folder, "sluice.yaml");
  // Moved into place as editors do: a reader sees the old file or the new one.
  const save = (yaml: string) => {
    writeFileSync(`${file}.new`, yaml);
    renameSync(`${file}.new`, file);
  };
  const sendingTo = ({ url }: NamedService) => `clusters: { app: { endpoints: ["${url}"] } }\nworkers: 2\n`;
  save(sendingTo(blue));
  const sluice = await installed.serve([], { cwd: folder });
  t.teardown(() => sluice[Symbol.asyncDispose]());
  const told = (message: string, times: number) =>
    sluice.program.said(new RegExp(`(?:"${message}"[^]*){${times}}`));
  const answer = async () => (await fetch(sluice.url)).text();

  t.test("a saved file takes effect, a broken one does not", async (t) => {
    t.equal(await answer(), "blue");
    save(sendingTo(green));
    await told("Config reloaded", 1);
    t.equal(await answer(), "green");
    save("clusters: none\n");
    await told("Config refused, the old one stays", 1);
    t.match(sluice.program.output, /"problem":"sluice\.yaml:1:\d+: expected/);
    t.equal(await answer(), "green");
    t.match(await metric(sluice, 'sluice_reloads_total{result="refused"}'), /^[1-9]/);
  });

  t.test("SIGHUP reads the file again", async (t) => {
    save(sendingTo(blue));
    await told("Config reloaded", 2);
    sluice.program.kill("SIGHUP");
    await told("Config reloaded", 3);
    t.equal(await answer(), "blue");
  });

  t.test("the admin pages say how it is", async (t) => {
    for (const page of ["/healthz", "/readyz"]) t.equal((await fetch(sluice.admin + page)).status, 200, page);
    const config = await fetch(`${sluice.admin}/config`);
    t.match(await config.json(), { clusters: [{ name: "app" }], workers: 2 });
    t.equal(await metric(sluice, 'sluice_requests_total{route="app",method="GET",status="200"}'), "4");
  });

  t.test("every request is a line of the log", async (t) => {
    const id = (await fetch(`${sluice.url}/logged?token=secret`)).headers.get("x-seen-id");
    await sluice.program.said(/"path":"\/logged".*\n/);
    const line = sluice.program.output.split("\n").find((line) => line.includes('"/logged"'))!;
    t.match(JSON.parse(line), {
      requestId: id,
      method: "GET",
      status: 200,
      route: "app",
      bytesOut: 4,
      error: null,
    });
    t.notMatch(sluice.program.output, "secret");
  });

  t.test("SIGTERM lets a response finish, and takes no new request meanwhile", async (t) => {
    const asked = get(`${sluice.url}/held`);
    const held = await blue.held;
    const [response] = await once(asked, "response");
    sluice.program.kill("SIGTERM");
    await told("Draining", 1);
    t.equal((await fetch(`${sluice.admin}/readyz`)).status, 503);
    await refusing(sluice.url);
    held.end(" and the rest");
    t.equal(await text(response), "some and the rest");
    t.equal(await sluice.program.ended, 0);
  });
}

/** The value of one series of `/metrics`. */
async function metric({ admin }: ServingSluice, series: string): Promise<string | undefined> {
  const lines = (await (await fetch(`${admin}/metrics`)).text()).split("\n");
  return lines.find((line) => line.startsWith(`${series} `))?.slice(series.length + 1);
}

/** Waits until new connections are refused. */
async function refusing(url: string): Promise<void> {
  while (
    await fetch(url).then(
      () => true,
      () => false,
    )
  );
}
