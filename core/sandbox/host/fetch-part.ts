import { HostOp } from "../../../sdk/runtime/host-op.ts";
import type { FetchGrant } from "../../config/model.ts";
import type { FetchHost } from "./fetch.ts";
import type { Operation, ServicePart } from "./services.ts";

/** Answers calls in the place of the network. */
export type Outbound = (grants: readonly FetchGrant[]) => FetchHost;

export interface FetchPartOptions {
  grants(): readonly FetchGrant[];
  callsPerExchange(): number;
  liveExchanges(): number;
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
  liveExchanges,
  outbound,
}: FetchPartOptions): ServicePart {
  let host: Promise<FetchHost> | null = null;
  let calls = 0;
  const admit = () => {
    const live = Math.max(liveExchanges(), 1);
    if (live === 1 && calls > callsPerExchange()) return false;
    return ++calls <= live * callsPerExchange();
  };
  // undici takes 60 ms to load: only for plugins that fetch.
  const started = () => {
    host ??= outbound === null ? network(grants(), admit) : Promise.resolve(outbound(grants()));
    return host;
  };
  return {
    handlers: {
      [HostOp.fetch]: (text, bytes, { id }: Operation) => started().then((it) => it.fetch(text, bytes, id)),
      [HostOp.fetchRead]: (text, bytes, { id }) => started().then((it) => it.fetchRead(text, bytes, id)),
      [HostOp.fetchWrite]: (text, bytes, { id }) => started().then((it) => it.fetchWrite(text, bytes, id)),
    },
    cancel: (id) => void host?.then((it) => it.cancel(id)),
    dispose: () => void host?.then((it) => it.dispose()),
  };
}

async function network(grants: readonly FetchGrant[], admit: () => boolean): Promise<FetchHost> {
  const { createFetchHost } = await import("./fetch.ts");
  return createFetchHost({ grants, admit });
}
