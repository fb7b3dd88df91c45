import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import t, { type Test } from "tap";
import { type AccessRecord, createProxy } from "../../core/index.ts";

async function startService(t: Test): Promise<string> {
  const service = createServer((request, response) => response.end(`seen ${request.url}`));
  service.listen(0, "127.0.0.1");
  await once(service, "listening");
  t.teardown(() => service.close());
  return `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
}

t.test("createProxy proxies in this process and counts what it does", async (t) => {
  const proxy = await createProxy({ upstream: await startService(t), listen: "127.0.0.1:0" });
  const response = await fetch(`${proxy.url}/a?b`);
  t.equal(await response.text(), "seen /a?b");
  t.equal(proxy.metrics().requests.length, 1);
  await proxy.drain();
});

t.test("createProxy hands each finished exchange to the caller's access log", async (t) => {
  const records: AccessRecord[] = [];
  const accessLog = { write: (record: AccessRecord) => records.push(record) };
  const proxy = await createProxy({ upstream: await startService(t), listen: "127.0.0.1:0", accessLog });
  await (await fetch(`${proxy.url}/logged`)).text();
  t.match(records, [{ method: "GET", path: "/logged", status: 200, error: null }]);
  proxy.close();
});

t.test("createProxy names what it cannot use", async (t) => {
  await t.rejects(createProxy({ upstream: "ftp://a" }), { message: /Cannot use upstream "ftp:\/\/a"/ });
  await t.rejects(createProxy({ upstream: "http://127.0.0.1:1", listen: "nowhere" }), {
    message: /Cannot listen on "nowhere"/,
  });
});
