/** What it costs to choose among endpoints. */
import type { BalanceKind } from "../../core/config/traffic-model.ts";
import type { Load } from "../load/load.ts";
import { picking } from "../pick/picking.ts";
import { hashedField, sluiceBalancing } from "../proxies/sluice-balance.ts";
import { upstreamAddresses } from "../upstream/addresses.ts";
import { measureLoad } from "./measure-load.ts";
import { measurePick } from "./measure-pick.ts";
import { perRequest } from "./metric.ts";
import type { Contestant, Row } from "./row.ts";

export const balances: readonly BalanceKind[] = [
  "round-robin",
  "least-requests",
  "ewma",
  "ring-hash",
  "maglev",
];
const counts = [1, upstreamAddresses];

/** Values of the hashed field: enough for every endpoint to be asked. */
const paths = Array.from({ length: 1024 }, (_, user) => `/small?user=${user}`);

const load: Load = {
  method: "GET",
  paths,
  body: "",
  connections: 64,
  close: false,
  pathField: hashedField,
};

/** In the order they run. */
export const balanceRows: readonly Row[] = [
  {
    id: "balance",
    title: "Small JSON, one endpoint and a hundred",
    metrics: perRequest,
    contestants: contestantsOf(sluiceBalancing),
    tls: false,
    load: () => load,
    measure: measureLoad,
  },
  {
    id: "pick",
    title: "The choice of an endpoint by itself, in a loop and with cold caches",
    metrics: ["pick", "pickCold"],
    contestants: contestantsOf(picking),
    tls: false,
    load: () => load,
    measure: measurePick,
  },
];

function contestantsOf(make: (balance: BalanceKind, endpoints: number) => Contestant["proxy"]): Contestant[] {
  return balances.flatMap((balance) =>
    counts.map((endpoints) => {
      const proxy = make(balance, endpoints);
      return { name: proxy.name, proxy, routes: 1 };
    }),
  );
}
