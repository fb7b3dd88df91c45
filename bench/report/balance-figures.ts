import { balances } from "../rows/balance-rows.ts";
import type { Figure } from "./figure.ts";

/** What a hundred endpoints cost a request, for each way to choose among them. */
export const balanceFigures: readonly Figure[] = [
  ...balances.map(
    (balance): Figure => ({
      title: `${balance} among 100 endpoints adds to a request`,
      row: "balance",
      metric: "cpuPerRequest",
      of: `sluice-${balance}-x100`,
      beside: `sluice-${balance}-x1`,
      added: 1,
      must: 0.5,
      aim: 0.25,
    }),
  ),
  ...balances.map(
    (balance): Figure => ({
      title: `${balance} among 100 endpoints by itself, with cold caches`,
      row: "pick",
      metric: "pickCold",
      of: `${balance}-x100`,
      must: 500,
      aim: 250,
    }),
  ),
];
