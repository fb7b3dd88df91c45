/**
 * What a plugin may rely on, whatever engine runs it. Each check is data (contract/check.ts) and goes through
 * the runtime, the host's services and a gateway on real sockets.
 */
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import type { EngineName } from "../../core/sandbox/engine.ts";
import { bodyChecks } from "./contract/bodies.ts";
import { bodyStageChecks } from "./contract/body-stages.ts";
import { builtinChecks } from "./contract/builtins.ts";
import { cacheChecks } from "./contract/cache.ts";
import type { ExchangeCheck, ValueCheck } from "./contract/check.ts";
import { contextChecks } from "./contract/context.ts";
import { counterChecks, counterExchangeChecks } from "./contract/counters.ts";
import { cryptoChecks } from "./contract/crypto.ts";
import { checkDiscovery } from "./contract/discovery.ts";
import { faultChecks } from "./contract/faults.ts";
import { checkFetch } from "./contract/fetch.ts";
import { globalChecks } from "./contract/globals.ts";
import { identityChecks } from "./contract/identity.ts";
import { instanceChecks } from "./contract/instances.ts";
import { lateEditChecks } from "./contract/late-edits.ts";
import { limitChecks } from "./contract/limits.ts";
import { loadChecks } from "./contract/loading.ts";
import { messageChecks } from "./contract/messages.ts";
import { replyChecks } from "./contract/replies.ts";
import { requestChecks } from "./contract/requests.ts";
import { responseChecks } from "./contract/responses.ts";
import { runExchangeChecks } from "./contract/run-exchanges.ts";
import { runLoadChecks } from "./contract/run-loads.ts";
import { runValueChecks } from "./contract/run-values.ts";
import { streamChecks } from "./contract/streams.ts";
import { timeChecks } from "./contract/time.ts";
import { urlChecks } from "./contract/urls.ts";
import { webChecks } from "./contract/web.ts";

const values: Readonly<Record<string, readonly ValueCheck[]>> = {
  "Names of a guest": globalChecks,
  "The language of a guest": builtinChecks,
  "Headers, text and clones": webChecks,
  "URLs and their patterns": urlChecks,
  "Request and Response": messageChecks,
  Streams: streamChecks,
  "Aborts, timers, console and clock": timeChecks,
  "Web Cryptography": cryptoChecks,
  Counters: counterChecks,
};

const exchanges: Readonly<Record<string, readonly ExchangeCheck[]>> = {
  "Requests that a handler edits": requestChecks,
  "Replies that a handler makes": replyChecks,
  "Responses that a handler edits": responseChecks,
  "Messages that a handler edits too late": lateEditChecks,
  Bodies: bodyChecks,
  "What the host does with the bytes of bodies": bodyStageChecks,
  "The context of a handler": contextChecks,
  "Counters of plugins": counterExchangeChecks,
  "Who the client is": identityChecks,
  "Responses that plugins keep": cacheChecks,
  Faults: faultChecks,
  "Configs and policies of one plugin": instanceChecks,
  Limits: limitChecks,
};

/** Runs the contract as the TAP program of one engine. */
export async function runContract(engine: EngineName): Promise<void> {
  t.teardown(stopBundler);
  t.setTimeout(300_000);
  for (const [title, checks] of Object.entries(values)) {
    await t.test(title, (t) => runValueChecks(t, engine, checks));
  }
  await t.test("Loading a plugin", (t) => runLoadChecks(t, engine, loadChecks));
  for (const [title, checks] of Object.entries(exchanges)) {
    await t.test(title, (t) => runExchangeChecks(t, engine, checks));
  }
  await t.test("Outbound calls", (t) => checkFetch(t, engine));
  await t.test("Endpoints that a plugin finds", (t) => checkDiscovery(t, engine));
}
