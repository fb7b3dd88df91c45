/** What the SDK's types promise, the objects of the guest's runtime have: by name, because the types of the web differ. */
import type {
  BodyContext,
  Counters,
  KeyValueStore,
  Logger,
  Metrics,
  PluginRequest,
  PluginResponse,
  SetupHost,
  UpstreamAttempt,
  UpstreamChoice,
} from "../../../sdk/index.ts";
import type * as context from "../../../sdk/runtime/context.ts";
import type * as counted from "../../../sdk/runtime/counters.ts";
import type { IncomingRequest } from "../../../sdk/runtime/incoming-request.ts";
import type { IncomingResponse } from "../../../sdk/runtime/incoming-response.ts";
import type * as store from "../../../sdk/runtime/kv.ts";
import type * as lines from "../../../sdk/runtime/log.ts";
import type * as numbers from "../../../sdk/runtime/metrics.ts";
import type * as setup from "../../../sdk/runtime/setup-host.ts";
import type * as attempt from "../../../sdk/runtime/upstream-attempt.ts";
import { type Equal, expectType } from "./equal.ts";

type Lacks<Promised, Given> = Exclude<keyof Promised, keyof Given>;

expectType<Equal<Lacks<PluginRequest, IncomingRequest>, never>>();
expectType<Equal<Lacks<PluginResponse, IncomingResponse>, never>>();
expectType<Equal<Lacks<UpstreamAttempt, attempt.UpstreamAttempt>, never>>();
expectType<Equal<Lacks<BodyContext, context.Context>, never>>();
expectType<Equal<Lacks<UpstreamChoice, context.UpstreamChoice>, never>>();
expectType<Equal<Lacks<SetupHost, setup.SetupHost>, never>>();
expectType<Equal<Lacks<KeyValueStore, store.KeyValueStore>, never>>();
expectType<Equal<Lacks<Counters, counted.Counters>, never>>();
expectType<Equal<Lacks<Logger, lines.Logger>, never>>();
expectType<Equal<Lacks<Metrics, numbers.Metrics>, never>>();
