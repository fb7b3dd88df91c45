/** The text of a first policy: small, typed, and of some use. */
export function policyText(name: string): string {
  return `import { definePlugin } from "sluice/sdk";

export default definePlugin({
  description: "Requests need a client id; the service and the client are told which it was",
  config: {
    type: "object",
    properties: { header: { type: "string", default: "x-client-id" } },
    additionalProperties: false,
  },
  state: () => ({ client: "" }),

  onRequest(request, ctx) {
    const client = request.headers.get(ctx.config.header);
    if (client === null) {
      return Response.json({ title: \`\${ctx.config.header} is missing\` }, { status: 400 });
    }
    ctx.state.client = client;
    request.headers.set("x-policy", ${JSON.stringify(name)});
  },

  onResponse(response, ctx) {
    response.headers.set("x-seen-client", ctx.state.client);
  },
});
`;
}

/** Its test. */
export function policyTestText(name: string): string {
  return `import assert from "node:assert/strict";
import { test } from "node:test";
import { testGateway } from "sluice/testing";

const policy = new URL(${JSON.stringify(`./${name}.ts`)}, import.meta.url);
const upstream = (request: Request) => Response.json({ policy: request.headers.get("x-policy") });

test("a request without a client id is refused", async () => {
  await using gateway = await testGateway({ plugins: [policy], upstream });
  const response = await gateway.fetch("/");
  assert.equal(response.status, 400);
});

test("the service and the client are told", async () => {
  await using gateway = await testGateway({ plugins: [[policy, { header: "x-id" }]], upstream });
  const response = await gateway.fetch("/", { headers: { "x-id": "acme" } });
  assert.equal(response.headers.get("x-seen-client"), "acme");
  assert.deepEqual(await response.json(), { policy: ${JSON.stringify(name)} });
});
`;
}
