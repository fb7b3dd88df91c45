/** Ways to a host that was not granted which begin at one that was: a redirect, and the answer of DNS. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Test } from "tap";
import type { EngineName } from "../../core/sandbox/engine.ts";
import { createNetworkFetchHost } from "../../core/sandbox/host/fetch/network.ts";
import { get } from "../support/gateway.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";
import { startHostileGateway } from "./hostile-gateway.ts";

const redirects = [301, 302, 303, 307, 308];

export async function runDetours(t: Test, engine: EngineName): Promise<void> {
  const upstream = await startUpstream(t, () => ok("upstream"));
  let asked = 0;
  const victim = await serve(t, (_request, response) => {
    asked++;
    response.end("the victim's");
  });

  await t.test("a granted host that redirects leads nowhere else", async (t) => {
    const granted = await serve(t, (request, response) => {
      const status = Number(request.url!.slice(1));
      response.writeHead(status, { location: `http://127.0.0.1:${victim}/` }).end();
    });
    const gateway = await startHostileGateway(t, upstream.address, {
      engine,
      limits: { cpu: 2000 },
      attack: `capabilities: { fetch: ["http://127.0.0.1:${granted}"] }, async onRequest() {
        const got = [];
        for (const status of ${JSON.stringify(redirects)})
          for (const method of ["GET", "POST"])
            try { got.push(await (await fetch("http://127.0.0.1:${granted}/" + status, { method })).text()) }
            catch (error) { got.push(error.name) }
        return Response.json(got);
      }`,
    });
    const { body } = await gateway.ask(get("/attack"));
    t.same(JSON.parse(body), Array(2 * redirects.length).fill("NotAllowedError"));
    t.equal(asked, 0, "the victim was not asked");
  });

  await t.test("a granted name that DNS points at this machine is not connected to", async (t) => {
    for (const answer of [
      ["127.0.0.1"],
      ["203.0.113.7", "127.0.0.1"],
      ["::ffff:127.0.0.1"],
      ["169.254.169.254"],
    ]) {
      const addresses = answer.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
      const gateway = await startHostileGateway(t, upstream.address, {
        engine,
        limits: { cpu: 2000 },
        outbound: (options) => createNetworkFetchHost({ ...options, resolve: async () => addresses }),
        attack: `capabilities: { fetch: ["http://rebound.test:${victim}"] }, async onRequest() {
          try { return new Response(await (await fetch("http://rebound.test:${victim}/")).text()) }
          catch (error) { return new Response(error.name) }
        }`,
      });
      t.equal((await gateway.ask(get("/attack"))).body, "NotAllowedError", answer.join());
    }
    t.equal(asked, 0, "the victim was not asked");
  });
}

async function serve(t: Test, listener: Parameters<typeof createServer>[1]): Promise<number> {
  const server: Server = createServer(listener as never);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}
