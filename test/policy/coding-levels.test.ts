import { testGateway } from "../../core/testing/index.ts";
import { onEachEngine } from "../support/each-engine.ts";

const lines = Array.from({ length: 400 }, (_, i) => `${(i * 7919) % 1009} bottles of ${i % 13} colours\n`);

onEachEngine("levels that take long are for trusted plugins alone", async (t, engine) => {
  const source = `export default {
    state: () => ({ coding: "", level: 0 }),
    onRequest(request, { state }) {
      [state.coding, state.level] = request.headers.get("x-coding").split(" ");
    },
    onResponse(response, { state }) {
      response.encodeBody(state.coding, { level: Number(state.level) });
    },
  };`;
  const upstream = () => new Response(lines.join(""));
  await using gateway = await testGateway({ plugins: [{ source }], upstream, engine });
  const coded = async (coding: string, level: number) => {
    const response = await gateway.fetch("/", { headers: { "x-coding": `${coding} ${level}` } });
    return Buffer.from(await response.arrayBuffer()).toString("base64");
  };
  for (const [coding, highest, most] of [
    ["br", 11, 6],
    ["zstd", 19, 9],
  ] as const) {
    const same = (await coded(coding, highest)) === (await coded(coding, most));
    t.equal(same, engine !== "inline", `${coding}: ${highest} is ${most}`);
    t.not(await coded(coding, most), await coded(coding, most - 3), "lower levels are what was asked for");
  }
  t.same(gateway.faults, []);
});
