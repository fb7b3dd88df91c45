/** What policies cost: the same small job for every proxy, and what more of it costs Sluice. */
import type { Load } from "../load/load.ts";
import { gateFields } from "../proxies/gate.ts";
import { haproxyLua, haproxyLuaTelling } from "../proxies/haproxy.ts";
import { nginxLua, nginxLuaTelling, nginxNjs } from "../proxies/nginx-scripts.ts";
import { fastifyHooks } from "../proxies/node-rivals.ts";
import type { ProxyServer } from "../proxies/proxy.ts";
import { asPublished, sluice } from "../proxies/sluice.ts";
import { sluiceFlip, sluiceGates, sluiceStoreGate } from "../proxies/sluice-plugins.ts";
import { workerd } from "../proxies/workerd.ts";
import { measureLoad } from "./measure-load.ts";
import { measureMemory } from "./measure-memory.ts";
import { measureReload } from "./measure-reload.ts";
import { measureSave } from "./measure-save.ts";
import { perByte, perRequest } from "./metric.ts";
import type { Row } from "./row.ts";

const gate = sluiceGates("sluice-gate", "isolated-vm", 1);
const gateBuilt = sluiceGates("sluice-gate-built", "isolated-vm", 1, asPublished);
// Without a sandbox: what is left of its cost is the policy and its bookkeeping.
const gateInline = sluiceGates("sluice-gate-inline", "inline", 1);
const gateInQuickjs = sluiceGates("sluice-gate-quickjs", "quickjs", 1);

const severalGates = [1, 2, 5].map((count) => sluiceGates(`sluice-gate-x${count}`, "isolated-vm", count));
const severalInQuickjs = [1, 2, 5].map((count) =>
  sluiceGates(`sluice-gate-quickjs-x${count}`, "quickjs", count),
);

/** In the order they run. */
export const policyRows: readonly Row[] = [
  row("policy", "A policy: check a key, set two fields", [
    gate,
    gateBuilt,
    gateInQuickjs,
    gateInline,
    sluice,
    nginxLua,
    nginxLuaTelling,
    nginxNjs,
    haproxyLua,
    haproxyLuaTelling,
    workerd,
    fastifyHooks,
  ]),
  row("plugins", "One, two and five such plugins", [...severalGates, ...severalInQuickjs]),
  row("async", "A policy that waits for the store", [
    gate,
    sluiceStoreGate("sluice-store", "isolated-vm"),
    gateInQuickjs,
    sluiceStoreGate("sluice-store-quickjs", "quickjs"),
  ]),
  {
    ...row("transform", "Response of 10 MB whose every chunk a policy changes, 8 connections", [
      sluice,
      sluiceFlip("sluice-flip", "isolated-vm"),
      sluiceFlip("sluice-flip-quickjs", "quickjs"),
    ]),
    metrics: perByte,
    load: () => ({ ...small, paths: ["/big"], connections: 8 }),
  },
  {
    ...row("plugin-memory", "Memory of plugins", [
      sluice,
      ...[1, 21].map((count) => sluiceGates(`sluice-gate-x${count}`, "isolated-vm", count)),
      // Without what Node needs for stripping types.
      sluiceGates("sluice-gate-built-x1", "isolated-vm", 1, asPublished),
      ...[1, 21].map((count) => sluiceGates(`sluice-gate-quickjs-x${count}`, "quickjs", count)),
    ]),
    metrics: ["memory", "resident", "memoryAfterLoad", "errors"],
    measure: measureMemory,
  },
  {
    ...row("save", "From saving a plugin to the first response of its new version", [gate, gateInQuickjs]),
    metrics: ["saveP95", "saveP50", "saveAfterRest", "reloads"],
    measure: measureSave,
  },
  {
    ...row("reload", "A plugin saved again and again under load, 64 connections", [gate, gateInQuickjs]),
    metrics: ["saveP95", "saveP50", "reloads", "requests", "memoryAfterLoad", "errors"],
    measure: measureReload,
  },
];

const small: Load = {
  method: "GET",
  paths: ["/small"],
  body: "",
  connections: 64,
  close: false,
  fields: gateFields,
};

function row(id: string, title: string, proxies: readonly ProxyServer[]): Row {
  return {
    id,
    title,
    metrics: perRequest,
    contestants: proxies.map((proxy) => ({ name: proxy.name, proxy, routes: 1 })),
    tls: false,
    load: () => small,
    measure: measureLoad,
  };
}
