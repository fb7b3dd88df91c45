/** A body in chunks reaches the endpoint as it was sent, whichever phases the policies of which routes have. */
import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import type { Config } from "../../core/config/model.ts";
import { stopBundler } from "../../core/reload/bundle.ts";
import { field, readMessage } from "../support/message.ts";
import { type PolicyGateway, startPolicyGateway } from "../support/policies.ts";
import { ok, type RawUpstream, startUpstream } from "../support/raw-upstream.ts";
import { retrying, startCounting } from "../upstream/endpoints.ts";

t.teardown(stopBundler);
t.setTimeout(120_000);

const trailer = "X-Sum: 7";
const phases = ["onRequest", "onUpstream", "onResponse", "onLog", "onRequestBody", "onResponseBody"];
/** The first without policies, whatever the second has. */
const paths = ["/plain", "/seen"];

function withPlainRoute(config: Config): Config {
  const [route] = config.routes;
  const match = { ...route!.match, path: { kind: "prefix", value: "/plain" } } as const;
  return { ...config, routes: [{ ...route!, name: "plain", match, policies: [] }, route!] };
}

function startBoth(t: Test, upstream: RawUpstream, members: string): Promise<PolicyGateway> {
  const plugins = { "p.ts": `export default { ${members} };` };
  return startPolicyGateway(t, upstream.address, { plugins, config: withPlainRoute });
}

function chunked(path: string, parts: readonly string[], trailers = ""): string[] {
  const head = `POST ${path} HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n`;
  return [head, ...parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`), `0\r\n${trailers}\r\n`];
}

const bodies: Readonly<Record<string, readonly string[]>> = {
  small: ["hello"],
  empty: [],
  "in parts": ["one", "t".repeat(5000), "3"],
  "of 100 kB": ["x".repeat(40_000), "y".repeat(60_000)],
};

for (const phase of phases) {
  t.test(`A body in chunks beside a policy with ${phase} alone`, async (t) => {
    const upstream = await startUpstream(t, (request) =>
      ok(JSON.stringify([request.body, request.trailers, field(request, "transfer-encoding")])),
    );
    const gateway = await startBoth(t, upstream, `${phase}() {}`);
    for (const path of paths) {
      for (const [what, parts] of Object.entries(bodies)) {
        for (const isAtOnce of [true, false]) {
          const client = await gateway.connect();
          const pieces = chunked(path, parts, `${trailer}\r\n`);
          for (const piece of isAtOnce ? [pieces.join("")] : pieces) {
            client.write(piece);
            if (!isAtOnce) await sleep(2);
          }
          const [body, trailers, coding] = JSON.parse((await readMessage(client)).body) as [
            string,
            [],
            string,
          ];
          const name = `${path} ${what} ${isAtOnce ? "at once" : "piece by piece"}`;
          t.ok(body === parts.join(""), name);
          t.equal(client.text, "", `${name}: nothing follows the response`);
          if (coding === "chunked") t.strictSame(trailers, [["X-Sum", "7"]], `${name}: trailers`);
        }
      }
    }
  });

  t.test(
    `A request hidden in a chunk beside a policy with ${phase} alone stays a part of the body`,
    async (t) => {
      const targets: string[] = [];
      const upstream = await startUpstream(t, ({ startLine, body }) => {
        targets.push(startLine.split(" ")[1]!);
        return ok(body);
      });
      const gateway = await startBoth(t, upstream, `${phase}() {}`);
      const hidden = "0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a.test\r\n\r\n";
      for (const path of paths) {
        t.equal((await gateway.ask(chunked(path, [hidden]).join(""))).body, hidden);
      }
      t.strictSame(targets, paths);
    },
  );
}

t.test("What a policy refuses is not reached through a chunk on a route without policies", async (t) => {
  const targets: string[] = [];
  const upstream = await startUpstream(t, ({ startLine }) => {
    targets.push(startLine.split(" ")[1]!);
    return ok("done");
  });
  const gateway = await startBoth(t, upstream, 'onRequest() { return new Response("no", { status: 403 }); }');
  t.equal((await gateway.ask("GET /admin HTTP/1.1\r\nHost: a.test\r\n\r\n")).status, 403);
  const hidden = "0\r\n\r\nGET /admin HTTP/1.1\r\nHost: a.test\r\n\r\n";
  t.equal((await gateway.ask(chunked("/plain", [hidden]).join(""))).status, 200);
  await sleep(50);
  t.strictSame(targets, ["/plain"]);
});

for (const phase of phases) {
  t.test(`A body in chunks is sent again and copied as it came, beside ${phase} alone`, async (t) => {
    const copies = await startCounting(t, () => ok("copy"));
    let asked = 0;
    const upstream = await startUpstream(t, (request, peer) => {
      if (++asked % 2 === 0) return ok(request.body);
      peer.reset();
      return null;
    });
    const gateway = await startPolicyGateway(t, upstream.address, {
      plugins: { "p.ts": `export default { ${phase}() {} };` },
      config: (config) => {
        const [main] = config.clusters;
        const [endpoint] = main!.endpoints;
        const copy = { ...main!, name: "copies", endpoints: [{ ...endpoint!, address: copies.address }] };
        const mirror = [{ cluster: "copies", share: 1, timeout: 5000, maxInFlight: 16, maxBody: 100_000 }];
        const retry = retrying({ anyMethod: true });
        const routes = withPlainRoute(config).routes.map((route) => ({ ...route, mirror, retry }));
        return { ...config, routes, clusters: [main!, copy] };
      },
    });
    for (const path of paths) {
      const { body } = await gateway.ask(chunked(path, ["hello ", "you"]).join(""));
      t.equal(body, "hello you", `${path}: sent again`);
    }
    for (let times = 0; copies.requests.length < paths.length && times < 200; times++) await sleep(10);
    t.strictSame(
      copies.requests.map(({ body }) => body),
      ["hello you", "hello you"],
    );
  });
}
