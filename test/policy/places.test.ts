import { testGateway } from "../../core/testing/index.ts";
import { onEachEngine } from "../support/each-engine.ts";

const source = `
  let setups = 0;
  export default {
    state: () => ({ place: "" }),
    setup() { setups++; },
    onRequest(request, ctx) {
      ctx.state.place += request.headers.get("x-places") ?? "0";
      request.headers.set("x-places", ctx.state.place + "1");
    },
    onResponse(response, ctx) { response.headers.append("x-seen", ctx.state.place + "/" + setups); },
  };
`;

onEachEngine("the same policy at two places of a route is one of its own at each", async (t, engine) => {
  const twice = { source, name: "place" };
  await using gateway = await testGateway({
    plugins: [twice, twice],
    engine,
    upstream: (request) => new Response(request.headers.get("x-places")),
  });
  for (let i = 0; i < 2; i++) {
    const response = await gateway.fetch("/");
    t.equal(await response.text(), "011");
    t.equal(response.headers.get("x-seen"), "01/1, 0/1");
  }
  t.same(gateway.faults, []);
});
