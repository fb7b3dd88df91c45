/** What was given to one plugin stays with it, and what the host knows stays with the host. */
import type { Test } from "tap";
import type { EngineName } from "../../core/sandbox/engine.ts";
import { get } from "../support/gateway.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";
import { inlineHasNoWall } from "./attack.ts";
import { startHostileGateway } from "./hostile-gateway.ts";

const environment = { TOKEN: "s3cret-token", OTHER: "s3cret-other" };
const secret = /s3cret/;
/** Paths of the host, and frames of what is not the plugin's. */
const hostPath = /\/work\/|\/core\/|\/sdk\/|node:internal|file:\/\/|node_modules/;

export async function runSecrets(t: Test, engine: EngineName): Promise<void> {
  const upstream = await startUpstream(t, () => ok("upstream"));
  const start = (t: Test, attack: string) =>
    startHostileGateway(t, upstream.address, { engine, attack, environment, limits: { cpu: 2000 } });

  await t.test("a plugin reads the variables that it was granted, and no others", async (t) => {
    const { ask } = await start(
      t,
      `capabilities: { env: ["TOKEN"] }, setup(config, host) {
         const read = (name) => { try { return host.env(name) ?? "none" } catch { return "refused" } };
         (this as any).seen = read("TOKEN") + " " + read("OTHER").replace("refused", "none");
       },
       onRequest() { return new Response((this as any).seen) }`,
    );
    t.equal((await ask(get("/attack"))).body, "s3cret-token none");
  });

  const skip = engine === "inline" && inlineHasNoWall;
  await t.test("a plugin that was granted nothing finds no secret", { skip }, async (t) => {
    const { ask } = await start(
      t,
      `setup(config, host) { const read = (name) => { try { return host.env(name) } catch {} };
         (this as any).seen = [JSON.stringify(host), read("TOKEN"), read("OTHER"), Object.getOwnPropertyNames(host)].join();
       },
       onRequest(request, ctx) {
         const seen = new Set(), found = [(this as any).seen];
         const look = (value, depth) => {
           if (depth > 6 || value === null || (typeof value !== "object" && typeof value !== "function") || seen.has(value)) { if (typeof value === "string") found.push(value); return }
           seen.add(value);
           for (const key of Reflect.ownKeys(value)) { if (typeof key === "string") found.push(key); try { look(value[key], depth + 1) } catch {} }
           look(Object.getPrototypeOf(value), depth + 1);
         };
         for (const root of [globalThis, request, ctx, ctx.state, ctx.config, this]) look(root, 0);
         return new Response(found.join(" "));
       }`,
    );
    const { status, body } = await ask(get("/attack"));
    t.equal(status, 200);
    t.ok(body.length > 1000, "it looked around");
    t.notMatch(body, secret);
  });

  await t.test("the store of one plugin is not another's", async (t) => {
    const { ask } = await start(
      t,
      `capabilities: { kv: true }, async onRequest(request, { kv }) {
         await kv.set("../innocent/x", 1); await kv.set("__proto__", 2); await kv.set("constructor", 3);
         return Response.json([await kv.get("__proto__"), await kv.get("constructor"), await kv.get("toString"), await kv.get("innocent\\0x")]);
       }`,
    );
    t.equal((await ask(get("/attack"))).body, "[2,3,null,null]");
  });

  const failures: Readonly<Record<string, string>> = {
    "an exception": `throw new Error("mine " + ctx.config)`,
    "an exception with the secret in it": `throw new Error("token " + (this as any).token)`,
    "a value that is no response": `return 7 as any`,
    "a malformed URL": `new URL("::")`,
    "a fetch that is refused": `return fetch("http://127.0.0.1:1/")`,
    "a frame of the plugin's own making": `const e = new Error("x"); e.stack = "Error: x\\n    at f (/srv/sluice/core/secret.ts:1:1)\\n    at g (sluice:plugin/attack:1:1)\\n    at node:internal/x:1:1"; throw e`,
  };
  for (const [what, code] of Object.entries(failures)) {
    await t.test(`the client learns nothing of ${what}`, async (t) => {
      const gateway = await start(
        t,
        `capabilities: { env: ["TOKEN"] }, setup(config, host) { (this as any).token = host.env("TOKEN") }, async onRequest(request, ctx) { ${code} }`,
      );
      const { status, fields, body } = await gateway.ask(get("/attack"));
      t.equal(status, 500);
      const shown = body + fields.map((field) => field.join(": ")).join("\n");
      t.notMatch(shown, secret);
      t.notMatch(shown, hostPath);
      t.notMatch(shown, /mine|attack\.ts/, "nor what was thrown, or where");
      const logged = JSON.stringify(gateway.entries);
      t.match(logged, /Policy failed/, "the operator does");
      t.notMatch(logged, hostPath, "without paths of the host");
      t.notMatch(JSON.stringify(gateway.report()), hostPath);
    });
  }
}
