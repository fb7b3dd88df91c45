/** Whether what a test says can be meant: JavaScript, and a cast, let anything pass. */
import { isIP } from "node:net";
import { noGrants } from "../config/defaults.ts";
import { didYouMean } from "../config/suggest.ts";
import { chosenEngine } from "./chosen-engine.ts";
import type { PluginOptions, TestGatewayOptions } from "./types.ts";

const optionNames: Readonly<Record<keyof TestGatewayOptions, true>> = {
  plugins: true,
  upstream: true,
  clusters: true,
  engine: true,
  env: true,
  fetch: true,
  clock: true,
  client: true,
  clientCertificate: true,
  stores: true,
  from: true,
};

const entryNames: Readonly<Record<keyof PluginOptions, true>> = {
  plugin: true,
  source: true,
  name: true,
  config: true,
  engine: true,
  grants: true,
  limits: true,
  onFailure: true,
  discovers: true,
};

/** @throws TypeError */
export function demandOptions(options: TestGatewayOptions): void {
  demandNames("the option", options, optionNames);
  const { clock = "running", client = "127.0.0.1" } = options;
  demandOneOf("clock", clock, ["running", "stopped"]);
  if (isIP(client) === 0) throw new TypeError(`Cannot use client: expected an IP address, found "${client}"`);
}

/** @throws TypeError */
export function demandEntry(entry: PluginOptions): void {
  demandNames("the plugin's", entry, entryNames);
  demandNames("the grant", entry.grants ?? {}, noGrants);
  demandOneOf("onFailure", entry.onFailure ?? "closed", ["closed", "open"]);
  if (entry.engine !== undefined) chosenEngine(entry.engine);
}

function demandNames(what: string, given: object, known: object): void {
  const names = Object.keys(known);
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    throw new TypeError(
      `Cannot use ${what} ${name}${didYouMean(name, names)}: expected one of ${names.join(", ")}`,
    );
  }
}

function demandOneOf(name: string, given: string, known: readonly string[]): void {
  if (known.includes(given)) return;
  throw new TypeError(
    `Cannot use ${name}: expected ${known.join(" or ")}, found "${given}"${didYouMean(given, known)}`,
  );
}
