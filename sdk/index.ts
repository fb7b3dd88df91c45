/**
 * What a plugin's author imports: `import { definePlugin } from "sluice/sdk"`. Everything beside
 * `definePlugin` is a type, and all of them are inferred inside `definePlugin`: importing one is only
 * needed for a function that stands on its own.
 */
export type { Capabilities, EndpointGrant, FetchGrant } from "./capabilities.ts";
export type { ConfigOf } from "./config-of.ts";
export type { ConfigSchema } from "./config-schema.ts";
export type {
  BodyContext,
  Client,
  ClientCertificate,
  ClientTls,
  Context,
  UpstreamChoice,
} from "./context.ts";
export type { Bucket, CounterOptions, Counters, Taken } from "./counters.ts";
export { definePlugin } from "./define-plugin.ts";
export type { DiscoveredEndpoint, DiscoverHost } from "./discover-host.ts";
export type { Identity } from "./identity.ts";
export type { KeyValueOptions, KeyValueStore } from "./key-value-store.ts";
export type { Duration, Limits, Size } from "./limits.ts";
export type { LogRecord } from "./log-record.ts";
export type { Logger } from "./logger.ts";
export type { ContentCoding, DecodeOptions, EncodeOptions, MessageBody, NoStream } from "./message-body.ts";
export type { Metrics } from "./metrics.ts";
export type { Plugin } from "./plugin.ts";
export type { PluginRequest } from "./plugin-request.ts";
export type { PluginResponse } from "./plugin-response.ts";
export type {
  CachedResponse,
  CachedResponseInit,
  RecordOptions,
  ResponseCache,
  StoreOptions,
} from "./response-cache.ts";
export type { SetupHost } from "./setup-host.ts";
export type {
  Adjustment,
  Demand,
  Places,
  Quota,
  Rule,
  SharedStore,
  Standing,
  StoreTtl,
  TakenTogether,
  Window,
} from "./shared-store.ts";
export type { AskedEndpoint, AvoidOptions, UpstreamAttempt } from "./upstream-attempt.ts";
