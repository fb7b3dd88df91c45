import t, { type Test } from "tap";
import type { RouteConfig } from "../../core/config/model.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { readMessage } from "../support/message.ts";
import { type Judge, startJudge } from "./judge.ts";

const routes: Record<string, Partial<RouteConfig["match"]>> = {
  guarded: { path: { kind: "prefix", value: "/admin" } },
  "guarded host": { host: "admin.test" },
  open: {},
};

/** A gateway with guarded routes and an open one. */
async function startGuarded(t: Test): Promise<{ judge: Judge; proxy: TestGateway }> {
  const judge = await startJudge(t);
  const proxy = await startGateway(t, judge.address);
  const { config } = proxy.gateway.generation;
  const [route] = config.routes;
  await proxy.gateway.apply({
    ...config,
    routes: Object.entries(routes).map(([name, match]) => {
      return { ...route!, name, match: { ...route!.match, ...match } };
    }),
  });
  return { judge, proxy };
}

async function send(proxy: TestGateway, target: string, host: string): Promise<number> {
  const client = await proxy.connect();
  client.write(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  const { status } = await readMessage(client);
  client.socket.destroy();
  return status;
}

/** Target as sent, the route that must be decided, and the path that must be forwarded. */
const confusing: [target: string, route: string, forwarded: string][] = [
  ["/admin", "guarded", "/admin"],
  ["/%2e%2e/admin", "refused", ""],
  ["/../admin", "refused", ""],
  ["/a/../admin", "guarded", "/admin"],
  ["/a/%2e%2e/admin", "guarded", "/admin"],
  ["/a/.%2E/admin", "guarded", "/admin"],
  ["/./admin/x", "guarded", "/admin/x"],
  ["/%61dmin", "guarded", "/admin"],
  ["/%61%64%6d%69%6e/x", "guarded", "/admin/x"],
  ["/admin/%2e%2e/b", "open", "/b"],
  ["/admin/..", "open", "/"],
  ["http://a.test/%61dmin?x=/../b", "guarded", "/admin?x=/../b"],
  ["/admin%00", "refused", ""],
  ["/admin%", "refused", ""],
  ["/a\\..\\admin", "refused", ""],
  ["/a#/../admin", "refused", ""],
  // Data in a segment, by the rule of canonical paths: not a separator for the route, nor decoded for the endpoint.
  ["/a/..%2fadmin", "open", "/a/..%2Fadmin"],
  ["/a/..%5cadmin", "open", "/a/..%5Cadmin"],
  ["/a/%252e%252e/admin", "open", "/a/%252e%252e/admin"],
  ["/a/..;/admin", "open", "/a/..;/admin"],
  ["/admin;x=y", "open", "/admin;x=y"],
  ["//admin", "open", "//admin"],
  ["/ADMIN", "open", "/ADMIN"],
];

for (const [target, route, forwarded] of confusing) {
  t.test(`path confusion [GHSA-6jwx]: ${target} is ${route}, and the endpoint sees that path`, async (t) => {
    const { judge, proxy } = await startGuarded(t);
    const status = await send(proxy, target, "a.test");
    t.equal(status, route === "refused" ? 400 : 200);
    t.same(
      judge.requests.map((request) => request.target),
      route === "refused" ? [] : [forwarded],
    );
    if (route !== "refused") t.equal((await proxy.record(1)).route, route);
  });
}

/** Target and Host as sent, the route that must be decided, and the Host that must be forwarded. */
const hosts: [target: string, host: string, route: string, forwarded: string][] = [
  ["/", "admin.test", "guarded host", "admin.test"],
  ["/", "ADMIN.TEST.:8080", "guarded host", "ADMIN.TEST.:8080"],
  ["http://admin.test/", "a.test", "guarded host", "admin.test"],
  ["http://a.test/", "admin.test", "open", "a.test"],
  ["/", "admin.test.evil", "open", "admin.test.evil"],
  ["/", "xadmin.test", "open", "xadmin.test"],
  ["/", "admin.test@evil", "refused", ""],
  ["/", "evil, admin.test", "refused", ""],
  ["/", "admin.test/x", "refused", ""],
  ["/", "admin.test:80:80", "refused", ""],
  ["/", "admin.test\0", "refused", ""],
  ["/", "admin.test\x01", "refused", ""],
  ["/", "", "refused", ""],
  ["http://evil@admin.test/", "admin.test", "refused", ""],
  ["http:///admin", "admin.test", "refused", ""],
];

for (const [target, host, route, forwarded] of hosts) {
  const title = `${target} of ${JSON.stringify(host)} is ${route}`;
  t.test(`Host confusion [CVE-2026-55602, CVE-2026-48930]: ${title}`, async (t) => {
    const { judge, proxy } = await startGuarded(t);
    t.equal(await send(proxy, target, host), route === "refused" ? 400 : 200);
    t.same(
      judge.requests.map((request) => request.host),
      route === "refused" ? [] : [forwarded],
    );
    if (route !== "refused") t.equal((await proxy.record(1)).route, route);
  });
}
