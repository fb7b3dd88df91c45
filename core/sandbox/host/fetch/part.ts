import { HostOp } from "../../../../sdk/runtime/host-op.ts";
import type { FetchGrant } from "../../../config/model.ts";
import type { Operation, ServicePart } from "../services.ts";
import type { FetchHost, FetchHostOptions } from "./fetch.ts";

/** Answers calls in the place of the network. */
export type Outbound = (options: FetchHostOptions) => FetchHost | Promise<FetchHost>;

/** Exchanges that a guest has seen. */
export interface ExchangeCount {
  readonly begun: number;
  readonly live: number;
}

export interface FetchPartOptions {
  grants(): readonly FetchGrant[];
  callsPerExchange(): number;
  exchanges(): ExchangeCount;
  /** Null: the network. */
  readonly outbound: Outbound | null;
}

/**
 * `fetch` for one guest. An entry serves many exchanges, and after an `await` none of them can be told
 * apart: the calls of all that are live count together against the sum of what each may have.
 */
export function fetchOperations({
  grants,
  callsPerExchange,
  exchanges,
  outbound,
}: FetchPartOptions): ServicePart {
  let host: Promise<FetchHost> | null = null;
  const admit = callBudget(callsPerExchange, exchanges);
  // undici takes 60 ms to load, and on a busy machine 400: only for plugins that fetch.
  const started = () => {
    host ??= Promise.resolve((outbound ?? network)({ grants: grants(), admit }));
    return host;
  };
  // One that could not be made has told those that called it.
  const tell = (what: (host: FetchHost) => void) => void host?.then(what, () => {});
  return {
    handlers: {
      [HostOp.fetch]: (text, bytes, { id }: Operation) => started().then((it) => it.fetch(text, bytes, id)),
      [HostOp.fetchRead]: (text, bytes, { id }) => started().then((it) => it.fetchRead(text, bytes, id)),
      [HostOp.fetchWrite]: (text, bytes, { id }) => started().then((it) => it.fetchWrite(text, bytes, id)),
    },
    cancel: (id) => tell((it) => it.cancel(id)),
    dispose: () => tell((it) => it.dispose()),
  };
}

/** Each exchange brings calls with it; what is left over when it ends is gone. Work outside of exchanges has as many as one. */
function callBudget(callsPerExchange: () => number, exchanges: () => ExchangeCount): () => boolean {
  let left = callsPerExchange();
  let seen = exchanges().begun;
  return () => {
    const { begun, live } = exchanges();
    const most = callsPerExchange() * Math.max(live, 1);
    left = Math.min(left + (begun - seen) * callsPerExchange(), most);
    seen = begun;
    if (left <= 0) return false;
    left--;
    return true;
  };
}

/** Has it happened while nobody waits. */
export async function loadNetwork(): Promise<void> {
  await import("./network.ts");
}

async function network(options: FetchHostOptions): Promise<FetchHost> {
  const { createNetworkFetchHost } = await import("./network.ts");
  return createNetworkFetchHost(options);
}
