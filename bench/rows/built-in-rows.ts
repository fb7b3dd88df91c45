/** What built-in policies cost, beside others that do the same. */
import type { Load } from "../load/load.ts";
import { keyFields, order, orderFields, tokenFields } from "../proxies/built-in-work.ts";
import { nginx } from "../proxies/nginx.ts";
import {
  nginxCache,
  nginxJson,
  nginxKeyAndLimit,
  nginxLimit,
  nginxToken,
} from "../proxies/nginx-built-ins.ts";
import { fastify, fastifyValidation } from "../proxies/node-rivals.ts";
import type { ProxyServer } from "../proxies/proxy.ts";
import { sluice } from "../proxies/sluice.ts";
import {
  sluiceCache,
  sluiceJson,
  sluiceKeyAndLimit,
  sluiceLimit,
  sluiceLimitTold,
  sluiceToken,
  sluiceValidation,
} from "../proxies/sluice-built-ins.ts";
import { varnish } from "../proxies/varnish.ts";
import { measureLoad } from "./measure-load.ts";
import { perRequest } from "./metric.ts";
import type { Row } from "./row.ts";

const small: Load = { method: "GET", paths: ["/small"], body: "", connections: 64, close: false };
const caches = [sluiceCache, nginxCache, varnish];

/** In the order they run. */
export const builtInRows: readonly Row[] = [
  row("limit", "A rate limit for each address", {}, [
    sluice,
    sluiceLimit,
    sluiceLimitTold,
    nginx,
    nginxLimit,
  ]),
  row("key-limit", "An API key, and a rate limit for each key", { fields: keyFields }, [
    sluice,
    sluiceKeyAndLimit,
    nginxKeyAndLimit,
  ]),
  row("cache-1k", "1 kB from the cache", { paths: ["/fresh-1k"] }, caches),
  row("cache-100k", "100 kB from the cache", { paths: ["/fresh-100k"] }, caches),
  row("jwt", "An RS256 token that was seen before", { fields: tokenFields }, [
    sluice,
    sluiceToken,
    nginx,
    nginxToken,
  ]),
  row("json", "The JSON of a response changed: one member gone, one renamed, one new", {}, [
    sluice,
    sluiceJson,
    nginx,
    nginxJson,
  ]),
  row(
    "validate",
    "A POST of 176 bytes of JSON held to a schema",
    { method: "POST", paths: ["/sink"], body: order, fields: orderFields },
    [sluice, sluiceValidation, fastify, fastifyValidation],
  ),
];

function row(id: string, title: string, load: Partial<Load>, proxies: readonly ProxyServer[]): Row {
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
