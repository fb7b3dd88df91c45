/** What tests of plugins import: `import { testGateway } from "sluice/testing"`. */
export { testGateway } from "./test-gateway.ts";
export type {
  PluginEntry,
  PluginOptions,
  TestClock,
  TestEndpoint,
  TestEngine,
  TestFault,
  TestGateway,
  TestGatewayOptions,
  TestKeyValues,
  TestLogLine,
  TestMetrics,
  TestUpstream,
} from "./types.ts";
