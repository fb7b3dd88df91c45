import type { Bounds } from "../bounds.ts";
import type { ConfigSource } from "../source/source.ts";
import type { Path } from "../source/value-path.ts";
import { formatDuration, formatSize, parseDuration, parseSize } from "../units.ts";

type Quantities<Key extends string> = { readonly [K in Key]?: string | number | undefined };

/** A unit: how a text in it is read, and how a number is shown. */
interface Unit {
  readonly noun: string;
  readonly parse: (value: string | number) => number | null;
  readonly format: (value: number) => string;
}

const milliseconds: Unit = { noun: "a duration", parse: parseDuration, format: formatDuration };
const bytes: Unit = { noun: "a size", parse: parseSize, format: formatSize };
const things: Unit = { noun: "a number", parse: (value) => Number(value), format: String };

/** Durations in ms, each key of the defaults filled in and within its bounds. */
export function resolveDurations<Key extends string>(
  written: Quantities<NoInfer<Key>> | undefined,
  defaults: Readonly<Record<Key, number>>,
  boundsOf: (key: Key) => Bounds,
  path: Path,
  source: ConfigSource,
): Record<Key, number> {
  return resolveAll(written, defaults, boundsOf, () => milliseconds, path, source);
}

/** Sizes in bytes and counts, each key of the defaults filled in and within its bounds. */
export function resolveSizes<Key extends string>(
  written: Quantities<NoInfer<Key>> | undefined,
  defaults: Readonly<Record<Key, number>>,
  boundsOf: (key: Key) => Bounds,
  isCount: (key: Key) => boolean,
  path: Path,
  source: ConfigSource,
): Record<Key, number> {
  return resolveAll(written, defaults, boundsOf, (key) => (isCount(key) ? things : bytes), path, source);
}

function resolveAll<Key extends string>(
  written: Quantities<NoInfer<Key>> | undefined,
  defaults: Readonly<Record<Key, number>>,
  boundsOf: (key: Key) => Bounds,
  unitOf: (key: Key) => Unit,
  path: Path,
  source: ConfigSource,
): Record<Key, number> {
  const resolved: Record<Key, number> = { ...defaults };
  for (const key of Object.keys(defaults) as Key[]) {
    const value = written?.[key];
    if (value === undefined) continue;
    const { min, max } = boundsOf(key);
    const { noun, parse, format } = unitOf(key);
    const number = parse(value);
    if (number !== null && number >= min && number <= max) resolved[key] = number;
    else source.expect([...path, key], `${noun} from ${format(min)} to ${format(max)}`, value);
  }
  return resolved;
}
