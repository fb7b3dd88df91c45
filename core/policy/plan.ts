/** Which policies a request of a route meets, in which phase: decided at reload, looked up per request. */
import type { Policy } from "./policy.ts";

export interface RoutePlan<Entry = Policy> {
  /** In the order in which they see a request. */
  readonly policies: readonly Entry[];
  readonly onRequest: readonly Entry[];
  readonly onRequestBody: readonly Entry[];
  readonly onUpstream: readonly Entry[];
  /** The last one to see a request is the first one to see its response. */
  readonly onResponse: readonly Entry[];
  readonly onResponseBody: readonly Entry[];
  readonly onLog: readonly Entry[];
  /** Whether the proxy must see the data of a request body, not only its framing. */
  readonly readsRequestBody: boolean;
  readonly readsResponseBody: boolean;
  /** Whether a policy may say how important a request is. */
  readonly decidesPriority: boolean;
  /** Whether a policy says who sent a request, in fields that it takes out of what clients send. */
  readonly saysWho: boolean;
}

/** Nothing to run. */
export const noPlan: RoutePlan = {
  policies: [],
  onRequest: [],
  onRequestBody: [],
  onUpstream: [],
  onResponse: [],
  onResponseBody: [],
  onLog: [],
  readsRequestBody: false,
  readsResponseBody: false,
  decidesPriority: false,
  saysWho: false,
};

/** Null when there is nothing to run. */
export function planRoute<
  Entry extends Pick<Policy, "phases"> & Partial<Pick<Policy, "namesPriority" | "setsIdentity">>,
>(policies: readonly Entry[]): RoutePlan<Entry> | null {
  if (policies.length === 0) return null;
  const backwards = [...policies].reverse();
  const onRequest = policies.filter(({ phases }) => phases.has("onRequest"));
  const onRequestBody = policies.filter(({ phases }) => phases.has("onRequestBody"));
  const onResponse = backwards.filter(({ phases }) => phases.has("onResponse"));
  const onResponseBody = backwards.filter(({ phases }) => phases.has("onResponseBody"));
  return {
    policies,
    onRequest,
    onRequestBody,
    onUpstream: policies.filter(({ phases }) => phases.has("onUpstream")),
    onResponse,
    onResponseBody,
    onLog: policies.filter(({ phases }) => phases.has("onLog")),
    readsRequestBody: onRequest.length + onRequestBody.length > 0,
    decidesPriority: onRequest.some(({ namesPriority }) => namesPriority === true),
    saysWho: onRequest.some(({ setsIdentity }) => setsIdentity === true),
    readsResponseBody: onResponse.length + onResponseBody.length > 0,
  };
}
