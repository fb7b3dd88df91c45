import { fileURLToPath } from "node:url";
import type { BalanceKind } from "../../core/config/traffic-model.ts";
import type { ProxyServer } from "../proxies/proxy.ts";

const program = fileURLToPath(new URL("./main.ts", import.meta.url));

/** No proxy, but the program that times one part of it: see `main.ts`. */
export function picking(balance: BalanceKind, endpoints: number): ProxyServer {
  return {
    name: `${balance}-x${endpoints}`,
    absent: null,
    prepare: async () => ({ file: process.execPath, args: [program, balance, String(endpoints)] }),
  };
}
