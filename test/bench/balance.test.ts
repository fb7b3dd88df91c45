import { connect } from "node:net";
import t from "tap";
import { requestBytes } from "../../bench/load/connection.ts";
import { picking } from "../../bench/pick/picking.ts";
import { firstLine, startChild, stopChild } from "../../bench/process/child.ts";
import { sluiceBalancing } from "../../bench/proxies/sluice-balance.ts";
import { figureResults } from "../../bench/report/figures.ts";
import { balanceRows } from "../../bench/rows/balance-rows.ts";
import type { RowResult } from "../../bench/rows/row.ts";
import { upstreamAddress, upstreamAddresses } from "../../bench/upstream/addresses.ts";
import { startUpstream } from "../../bench/upstream/start.ts";

const lifetimeMs = 60_000;
const isLinux = process.platform === "linux";

t.test("each request of the row has another value in the field that is hashed", async (t) => {
  const [row] = balanceRows;
  const load = row!.load(row!.contestants[0]!);
  const values = requestBytes(load, { port: 1, tls: false }).map(
    (bytes) => /x-user: (\S+)/.exec(`${bytes}`)?.[1],
  );
  t.equal(new Set(values).size, load.paths.length);
  t.notOk(values.includes(undefined));
});

t.test("the upstream is as many endpoints as the row wants", { skip: !isLinux }, async (t) => {
  const upstream = await startUpstream(lifetimeMs);
  t.teardown(() => stopChild(upstream.child));
  for (const index of [0, 1, upstreamAddresses - 1]) {
    const socket = connect(upstream.port, upstreamAddress(index));
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    socket.destroy();
  }
});

t.test("a choice is timed with warm and with cold caches", { skip: !isLinux }, async (t) => {
  const place = { port: 0, upstreamPort: 0, directory: "", tls: null, routes: 1 };
  const child = await startChild(await picking("maglev", 100).prepare(place), lifetimeMs);
  t.teardown(() => stopChild(child));
  const { pick, pickCold } = JSON.parse(await firstLine(child)) as { pick: number; pickCold: number };
  t.ok(pick > 0 && pick < 100_000, `${pick} ns`);
  t.ok(pickCold > 0 && pickCold < 100_000, `${pickCold} ns`);
});

t.test("the figures name contestants that there are", async (t) => {
  const results = balanceRows.map(({ id, title, metrics, contestants }): RowResult => {
    const named = contestants.map(({ name }, index) => {
      return {
        name,
        summary: { cpuPerRequest: 10 + 0.2 * (index % 2), pickCold: 300 },
        spread: 0,
        samples: [],
      };
    });
    return { id, title, metrics, measuredAt: "2025-01-01T00:00:00Z", results: named };
  });
  const figures = figureResults(results);
  t.equal(figures.length, 10);
  t.same(new Set(figures.map(({ verdict }) => verdict)), new Set(["aim met", "must met"]));
  t.ok(sluiceBalancing("ewma", 100).name === "sluice-ewma-x100");
});
