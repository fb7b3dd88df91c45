import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { until } from "../net/until.ts";
import { listenLocally } from "../support/free-port.ts";
import { KeepAliveLoad } from "./keep-alive-load.ts";
import { startSluice } from "./sluice-process.ts";

const reloads = 50;
const clients = 16;
/** Responses between two reloads. */
const answersBetween = 50;

const plugin = (version: number) => `import { definePlugin } from "sluice/sdk";
export default definePlugin({
  async onRequest(request) { await null; request.headers.set("x-seen", "${version}"); },
  onResponse(response) { response.headers.set("x-version", "${version}"); },
});
`;

t.test("reloads of plugins under load fail no request", async (t) => {
  const seen = new Set<string>();
  const service = createServer((request, response) => {
    seen.add(String(request.headers["x-seen"]));
    response.end("served");
  });
  const url = `http://127.0.0.1:${await listenLocally(service)}`;
  t.teardown(() => service.close().closeAllConnections());
  const folder = mkdtempSync(join(tmpdir(), "sluice-plugin-reload-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "mark.ts");
  writeFileSync(file, plugin(0));

  await using sluice = await startSluice("--upstream", url, "--plugins", folder);
  const load = new KeepAliveLoad(sluice.port, clients);
  for (let version = 1; version <= reloads; version++) {
    await load.answers(answersBetween);
    writeFileSync(`${file}~`, plugin(version));
    renameSync(`${file}~`, file);
    await until(() => sluice.program.output.split("Plugins reloaded").length > version);
  }
  await load.answers(answersBetween);
  await load.stop();
  const errors = sluice.program.output.split("\n").filter((line) => line.includes('"level":"error"'));
  t.same(errors, []);
  t.same(load.failures, []);
  t.equal(load.refused, 0);
  t.same(
    seen,
    new Set(Array.from({ length: reloads + 1 }, (_, version) => String(version))),
    "each was in force",
  );
});
