import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import type { EngineName } from "../../core/sandbox/engine.ts";
import { bombs } from "./bombs.ts";
import { containedByQuickJs } from "./contained-by-quickjs.ts";
import { floodAttacks } from "./floods.ts";
import { hostileLoads } from "./loads.ts";
import { reachAttacks } from "./reach.ts";
import { runAttacks } from "./run-attacks.ts";
import { runDetours } from "./run-detours.ts";
import { runInjections, runRawInjections } from "./run-injections.ts";
import { runLoads } from "./run-loads.ts";
import { runOutbound } from "./run-outbound.ts";
import { runSecrets } from "./run-secrets.ts";
import { runStreams } from "./run-streams.ts";
import { seizedAttacks } from "./seized.ts";
import { streamAttacks } from "./streams.ts";

/** Runs the hostile suite as the TAP program of one engine. */
export async function runHostileSuite(engine: EngineName): Promise<void> {
  t.teardown(stopBundler);
  const isHostCode = engine === "inline";
  const noWall = isHostCode && "inline plugins are host code: nothing keeps the host function from them";
  const noLimits = isHostCode && "inline plugins are host code: a loop at load is the host's";
  await t.test("Reach", (t) => runAttacks(t, engine, reachAttacks));
  await t.test("Secrets", (t) => runSecrets(t, engine));
  await t.test("Injections", (t) => runInjections(t, engine));
  await t.test("Injections past the runtime", { skip: noWall }, (t) => runRawInjections(t, engine));
  await t.test("A runtime that was seized", (t) => runAttacks(t, engine, seizedAttacks));
  await t.test("Outbound calls", (t) => runOutbound(t, engine));
  await t.test("Detours of outbound calls", (t) => runDetours(t, engine));
  await t.test("Loading", { skip: noLimits }, (t) => runLoads(t, engine, hostileLoads));
  await t.test("Bombs", (t) => runAttacks(t, engine, bombs));
  const takesProcess = engine !== "quickjs" && "only QuickJS contains these inside the process";
  await t.test("What QuickJS contains", { skip: takesProcess }, (t) =>
    runAttacks(t, engine, containedByQuickJs),
  );
  await t.test("Streams", (t) => runStreams(t, engine, streamAttacks));
  await t.test("Floods", (t) => runAttacks(t, engine, floodAttacks));
}
