import { defaultPluginLimits } from "../config/defaults.ts";
import type { PluginLimits } from "../config/model.ts";
import { formatDuration, formatSize } from "../config/units.ts";

const formats: Readonly<Record<keyof PluginLimits, (value: number) => string>> = {
  cpu: formatDuration,
  wall: formatDuration,
  memory: formatSize,
  body: formatSize,
  fetches: String,
  logLines: String,
};
const names = Object.keys(formats) as (keyof PluginLimits)[];

/**
 * What a plugin may use up: what the operator says of it, else what it says itself, else the default.
 *
 * @param own what the plugin says: it wrote that itself, so it is held to `most`
 * @param given what the operator says of this plugin, as much as he likes
 * @param most what the operator lets plugins give themselves
 * @throws Error that names the setting which would allow it
 * @example
 * decideLimits("auth", { cpu: 80 }, {}, defaultMaxPluginLimits).cpu; // 80
 */
export function decideLimits(
  plugin: string,
  own: Partial<PluginLimits>,
  given: Partial<PluginLimits>,
  most: PluginLimits,
): PluginLimits {
  const limits: Partial<Record<keyof PluginLimits, number>> = {};
  for (const name of names) {
    const wanted = own[name] ?? Math.min(defaultPluginLimits[name], most[name]);
    if (given[name] === undefined && wanted > most[name]) throw beyond(plugin, name, wanted, most[name]);
    limits[name] = given[name] ?? wanted;
  }
  return limits as PluginLimits;
}

function beyond(plugin: string, name: keyof PluginLimits, wanted: number, most: number): Error {
  const format = formats[name];
  return new Error(
    `Cannot use limits.${name}: the plugin gives itself ${format(wanted)}, and plugins may have ${format(most)}; ` +
      `allow it under plugins.settings.${plugin}.limits.${name}, or for all of them under plugins.maxLimits.${name}`,
  );
}

/** `cpu 50ms, wall 5s, …`, for people. */
export function limitsText(limits: PluginLimits): string {
  return names.map((name) => `${name} ${formats[name](limits[name])}`).join(", ");
}
