/** The parts of `sluice.yaml` that are about plugins and policies. */

import { pluginLimitBounds } from "../bounds.ts";
import { defaultMaxPluginLimits, defaultPluginLimits } from "../defaults.ts";
import type { PluginLimits } from "../model.ts";
import { type Static, Type } from "./builder.ts";
import { closed, count, duration, expected, flag, list, size, text } from "./terms.ts";

/** A plugin's own schema says what is in it; that is known once the plugin is loaded. */
const policyConfig = Type.Optional(
  Type.Unknown({ description: "What the plugin's own schema describes; its defaults are filled in." }),
);

/** An entry of a route's `policies`. */
export const policy = Type.Union(
  [Type.String(), Type.Object({ plugin: Type.String(), config: policyConfig }, closed)],
  {
    description: "The name of a plugin, of the folder or built in, or { plugin, config }.",
    ...expected("the name of a plugin, or { plugin, config }"),
  },
);

const fetchGrant = Type.Union(
  [
    Type.String(),
    Type.Object(
      {
        origin: Type.String(),
        private: flag({
          description: "Whether the name may resolve to private and loopback addresses.",
          default: false,
        }),
      },
      closed,
    ),
  ],
  expected('an origin such as "https://api.example.com", or { origin, private }'),
);

const grants = Type.Object(
  {
    fetch: list(fetchGrant, {
      description: "Origins that it may fetch from, written as in its capabilities. Default: none.",
    }),
    kv: flag({ description: "Whether it may keep values between requests.", default: false }),
    cache: flag({ description: "Whether it may keep responses.", default: false }),
    identity: flag({
      description: "Whether it may say who a client is: policies behind it believe that.",
      default: false,
    }),
    env: list(Type.String(), { description: "Environment variables that it may read. Default: none." }),
    endpoints: list(Type.String(), {
      description: "Where endpoints may be that it finds: addresses, networks, names. Default: nowhere.",
    }),
  },
  { description: "What it may reach; a plugin that asks for more is not loaded.", ...closed },
);

const { cpu, wall, memory, body, fetches, logLines } = pluginLimitBounds;

function limits(defaults: PluginLimits, description: string) {
  return Type.Object(
    {
      cpu: duration(defaults.cpu, cpu, "CPU time of one call, and of loading if that is more."),
      wall: duration(defaults.wall, wall, "Time of one phase, waiting included."),
      memory: size(defaults.memory, memory, "Memory of its guest."),
      body: size(defaults.body, body, "Longest body that it reads as a whole."),
      fetches: count(fetches, { description: "Calls of fetch for one request.", default: defaults.fetches }),
      logLines: count(logLines, {
        description: "Lines in the log per second; more are dropped and counted.",
        default: defaults.logLines,
      }),
    },
    { description, ...closed },
  );
}

const settings = Type.Object(
  {
    engine: Type.Optional(
      Type.Enum(["isolated-vm", "quickjs", "inline"], {
        description:
          "Where its code runs; inline: in the proxy itself, without a sandbox. Default: isolated-vm on Node, quickjs on Deno; inline for one that is built in.",
      }),
    ),
    trusted: flag({ description: "The same as engine: inline.", default: false }),
    config: policyConfig,
    onFailure: Type.Optional(
      Type.Enum(["closed", "open"], {
        description:
          "What a fault means for a request: an error, or the plugin is skipped. Default: what the plugin says, else closed.",
      }),
    ),
    limits: Type.Optional(limits(defaultPluginLimits, "What it may use up, whatever it says itself.")),
    grants: Type.Optional(grants),
  },
  closed,
);

/** The section `plugins`. */
export const plugins = Type.Object(
  {
    directory: text("a folder", { description: "Where plugins are, seen from this file." }),
    state: text("a folder", {
      description:
        "Keeps the last good version of the plugins, for a start with broken ones, and what the operator puts into their kv. Default: neither is kept.",
    }),
    maxLimits: Type.Optional(
      limits(
        defaultMaxPluginLimits,
        "What plugins may give themselves; one that asks for more is not loaded. The settings of a plugin may give it more.",
      ),
    ),
    settings: Type.Optional(
      Type.Record(Type.String(), settings, { description: "Plugins by name, where more is to be said." }),
    ),
  },
  { description: "Policies in TypeScript.", ...closed },
);

export type PluginsInFile = Static<typeof plugins>;
export type PolicyInFile = Static<typeof policy>;
