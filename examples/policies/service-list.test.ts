import assert from "node:assert/strict";
import { test } from "node:test";
import { testGateway } from "sluice/testing";

const plugin = new URL("./service-list.ts", import.meta.url);

/** A registry that answers every question with the same. */
function answers(body: unknown, status = 200) {
  const asked: string[] = [];
  const fetch = (request: Request) => {
    asked.push(request.url);
    return Response.json(body, { status });
  };
  return { asked, fetch };
}

test("the instances of the service are the endpoints", async () => {
  const { asked, fetch } = answers([
    { ip: "10.0.0.7", port: 8080, rack: "a", state: "up" },
    { ip: "10.0.0.8", port: 8080, state: "leaving" },
  ]);
  await using gateway = await testGateway({ plugins: [{ plugin, discovers: "orders" }], fetch });
  assert.deepEqual(await gateway.discover("orders"), [
    { address: "10.0.0.7:8080", weight: 1, zone: "a", priority: 0 },
    { address: "10.0.0.8:8080", weight: 1, zone: null, priority: 1 },
  ]);
  assert.deepEqual(asked, ["https://registry.internal/services/orders"]);
});

test("the service may have another name than the cluster", async () => {
  const { asked, fetch } = answers([]);
  const config = { service: "orders/v2" };
  await using gateway = await testGateway({ plugins: [{ plugin, config, discovers: "orders" }], fetch });
  assert.deepEqual(await gateway.discover("orders"), []);
  assert.deepEqual(asked, ["https://registry.internal/services/orders%2Fv2"]);
});

test("a registry that fails gives no endpoints, so those that are known stay", async () => {
  const { fetch } = answers({}, 503);
  await using gateway = await testGateway({ plugins: [{ plugin, discovers: "orders" }], fetch });
  await assert.rejects(gateway.discover("orders"), /the registry answers 503/);
  assert.equal(gateway.faults[0]!.phase, "discover");
});

test("an endpoint outside of what is granted is refused, with all the others", async () => {
  const { fetch } = answers([
    { ip: "10.0.0.7", port: 8080, state: "up" },
    { ip: "169.254.169.254", port: 80, state: "up" },
  ]);
  await using gateway = await testGateway({ plugins: [{ plugin, discovers: "orders" }], fetch });
  await assert.rejects(gateway.discover("orders"), /169\.254\.169\.254:80 is not among/);
});
