import type { Load } from "../load/load.ts";
import { haproxy } from "../proxies/haproxy.ts";
import { nginx, nginxTuned } from "../proxies/nginx.ts";
import { fastify, httpProxy } from "../proxies/node-rivals.ts";
import { type ProxyServer, routePath } from "../proxies/proxy.ts";
import { sluice, sluiceBuilt, sluiceDeno } from "../proxies/sluice.ts";
import { balanceRows } from "./balance-rows.ts";
import { builtInRows } from "./built-in-rows.ts";
import { measureIdle } from "./measure-idle.ts";
import { measureLoad } from "./measure-load.ts";
import { measureStart } from "./measure-start.ts";
import { perByte, perRequest } from "./metric.ts";
import { policyRows } from "./policy-rows.ts";
import type { Contestant, Row } from "./row.ts";

const rivals = [sluice, nginx, haproxy, fastify, httpProxy];
const routeCounts = [1, 100, 1000];

const small: Load = { method: "GET", paths: ["/small"], body: "", connections: 64, close: false };

/** Every row of the benchmark, in the order they run. */
export const rows: readonly Row[] = [
  row("small", "Small JSON, 64 connections", {}, [...rivals, sluiceBuilt]),
  row("one", "Small JSON, one connection", { connections: 1 }),
  row("post", "POST of 16 kB, 64 connections", {
    method: "POST",
    paths: ["/sink"],
    body: "x".repeat(16_384),
  }),
  {
    ...row("big", "Response of 10 MB, 8 connections", { paths: ["/big"], connections: 8 }, [
      ...rivals,
      nginxTuned,
    ]),
    metrics: perByte,
  },
  row("chunked", "Chunked response of 16 kB, 64 connections", { paths: ["/chunked"] }),
  row("close", "New connection for every request, 64 at a time", { close: true }),
  { ...row("tls", "Small JSON over TLS, 64 connections", {}), tls: true },
  {
    ...row("routes", "Small JSON, every request on the next route", {}),
    contestants: [sluice, nginx].flatMap((proxy) => routeCounts.map((routes) => withRoutes(proxy, routes))),
    load: ({ routes }) => ({ ...small, paths: pathsOf(routes) }),
  },
  row("deno", "Small JSON under Node and under Deno", {}, [sluice, sluiceDeno]),
  {
    ...row("idle", "Idle connections", {}),
    metrics: ["memoryPerConnection", "memory", "errors"],
    measure: measureIdle,
  },
  {
    ...row("start", "Start to first proxied response", {}, [...rivals, sluiceBuilt, sluiceDeno]),
    metrics: ["start", "startCpu", "memory"],
    measure: measureStart,
  },
  ...balanceRows,
  ...policyRows,
  ...builtInRows,
];

function row(id: string, title: string, load: Partial<Load>, proxies: readonly ProxyServer[] = rivals): Row {
  return {
    id,
    title,
    metrics: perRequest,
    contestants: proxies.map((proxy) => ({ name: proxy.name, proxy, routes: 1 })),
    tls: false,
    load: () => ({ ...small, ...load }),
    measure: measureLoad,
  };
}

function withRoutes(proxy: ProxyServer, routes: number): Contestant {
  return { name: `${proxy.name}, ${routes} ${routes === 1 ? "route" : "routes"}`, proxy, routes };
}

function pathsOf(routes: number): string[] {
  return Array.from({ length: routes }, (_, index) => `${routePath(index)}items/42`);
}
