/** A mirror, from the file to the endpoint and the metrics. */
import { resolve } from "node:path";
import t from "tap";
import { until } from "../net/until.ts";
import { startProgram } from "../support/program.ts";
import { ok } from "../support/raw-upstream.ts";
import { startCounting } from "../upstream/endpoints.ts";

const binary = resolve("core/cli/main.ts");

t.test("a mirror in the file gets copies, and the metrics count them", async (t) => {
  const [app, next] = [await startCounting(t, () => ok("real")), await startCounting(t, () => ok("copy"))];
  const url = (address: object) => `http://127.0.0.1:${(address as { port: number }).port}`;
  const config = `clusters:
  app: { endpoints: ["${url(app.address)}"] }
  next: { endpoints: ["${url(next.address)}"] }
routes: [{ cluster: app, mirror: [{ cluster: next, share: 100% }] }]
listeners: [{ address: "127.0.0.1:0" }]
admin: { address: "127.0.0.1:0" }
`;
  await using proxy = startProgram(process.execPath, [binary], { cwd: t.testdir({ "sluice.yaml": config }) });
  await proxy.said(/listening/);
  const [, address, admin] = /"listeners":\["(.*?)"\],"admin":"(.*?)"/.exec(proxy.output)!;
  const response = await fetch(`http://${address}/`, { method: "POST", body: "hello" });
  t.equal(await response.text(), "real");
  await until(() => next.requests.length === 1);
  t.match(next.requests[0], { startLine: "POST / HTTP/1.1", body: "hello" });
  const page = await (await fetch(`http://${admin}/metrics`)).text();
  t.match(page, 'sluice_mirror_requests_total{route="app",cluster="next"} 1');
  proxy.kill("SIGTERM");
  t.equal(await proxy.ended, 0);
});
