import type { Rule } from "sluice/sdk";
import { concurrency } from "./concurrency.ts";
import type { Config, LimitConfig } from "./config.ts";
import { policyItem } from "./fields.ts";
import { hashOf } from "./hash.ts";
import { type KeyOf, keyFor, type OwnKey } from "./key.ts";
import type { Limiter } from "./limiter.ts";
import { type Network, parseNetwork } from "./network.ts";
import { quota } from "./quota.ts";
import { slidingWindow } from "./sliding-window.ts";
import { owingBucket, takingBucket } from "./token-bucket.ts";

/** A limit as requests need it. */
export interface Limit {
  readonly name: string;
  /** In front of its keys: what is counted alike is counted together, on any route. */
  readonly prefix: string;
  readonly limiter: Limiter;
  /** The same for a store that machines share. */
  readonly rule: Rule;
  readonly keyOf: KeyOf;
  readonly cost: number;
  /** Whether a function of the author may say another cost: a request takes one place, whatever it costs. */
  readonly hasOwnCost: boolean;
  /** Field of the response; null: the cost is known before. */
  readonly costHeader: string | null;
  readonly mostCost: number;
  readonly dryRun: boolean;
  /** Its names in the metrics. */
  readonly metrics: { readonly refused: string; readonly wouldRefuse: string; readonly badCost: string };
}

/** A config as its requests need it. */
export interface Rules {
  /** In the order in which they are asked. */
  readonly limits: readonly Limit[];
  /** Value of RateLimit-Policy. */
  readonly policy: string;
  readonly fields: Config["fields"];
  readonly exempt: Exempt | null;
  /** Fields that clients do not see. */
  readonly costHeaders: readonly string[];
}

export interface Exempt {
  readonly networks: readonly Network[];
  readonly subjects: readonly string[];
  readonly groups: readonly string[];
}

/** A bucket takes no longer to fill, in s: what is kept of it has an end. */
const longestFill = 90 * 86_400;

/** @throws Error for a config that cannot be followed */
export function rulesOf(config: Config, own: OwnKey | null): Rules {
  const names = config.limits.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new Error(`Cannot use limits: expected different names, found ${twice} twice`);
  // A bucket is one step where nothing has to be given back: where it is the last that is asked.
  const last = config.limits.findLastIndex(isPlainBucket);
  const ordered = last < 0 ? config.limits : [...config.limits.toSpliced(last, 1), config.limits[last]!];
  return {
    limits: ordered.map((limit, index) => {
      const isLast = index === ordered.length - 1 && last >= 0;
      return placed(config.limits.indexOf(limit), () => limitOf(limit, config, own, isLast));
    }),
    policy: config.limits.map(policyItem).join(", "),
    fields: config.fields,
    exempt: exemptOf(config.exempt),
    costHeaders: config.limits.flatMap(({ costHeader }) => (costHeader === undefined ? [] : [costHeader])),
  };
}

/** An error says which limit it is about. */
function placed<Result>(index: number, make: () => Result): Result {
  try {
    return make();
  } catch (error) {
    throw new Error(`Cannot use limits.${index}: ${(error as Error).message.replace(/^Cannot use /, "")}`);
  }
}

function isPlainBucket({ algorithm, costHeader }: LimitConfig): boolean {
  return algorithm === "token-bucket" && costHeader === undefined;
}

function limitOf(config: LimitConfig, { ipv6Prefix }: Config, own: OwnKey | null, isLast: boolean): Limit {
  const { name, cost, costHeader, dryRun } = config;
  const metric = name.toLowerCase().replaceAll(/[^a-z0-9_]/g, "_");
  if (costHeader !== undefined && config.algorithm === "concurrency") {
    throw new Error(`Cannot use costHeader in ${name}: a place is taken before the response is there`);
  }
  const { limiter, rule, text } = limiterFor(config, isLast);
  return {
    name,
    // Short: a key of up to about 40 characters takes half the memory of a longer one.
    prefix: `${hashOf(JSON.stringify([name, text, config.key, config.missing, ipv6Prefix]))} `,
    limiter,
    rule,
    keyOf: keyFor(config, ipv6Prefix, own),
    cost,
    hasOwnCost: config.algorithm !== "concurrency",
    costHeader: costHeader ?? null,
    mostCost: config.mostCost ?? config.limit,
    dryRun,
    metrics: {
      refused: `refused_${metric}`,
      wouldRefuse: `would_refuse_${metric}`,
      badCost: `bad_cost_${metric}`,
    },
  };
}

function limiterFor(config: LimitConfig, isLast: boolean): { limiter: Limiter; rule: Rule; text: string } {
  const { name, limit, window: seconds, burst = limit, period, utcOffset, hold } = config;
  switch (config.algorithm) {
    case "sliding-window": {
      const rule = { window: { limit, seconds } };
      return { limiter: slidingWindow(limit, seconds), rule, text: `window ${limit} ${seconds}` };
    }
    case "quota": {
      const rule = { quota: { limit, period, utcOffset } };
      return { limiter: quota(limit, period, utcOffset), rule, text: `${period} ${limit} ${utcOffset}` };
    }
    case "concurrency": {
      const rule = { places: { limit, hold } };
      return { limiter: concurrency(limit, hold), rule, text: `places ${limit} ${hold}` };
    }
    default: {
      const bucket = { rate: limit / seconds, burst };
      if (burst / bucket.rate > longestFill) {
        throw new Error(`Cannot use burst in ${name}: expected a bucket that is full within 90 days`);
      }
      const limiter = isLast ? takingBucket(bucket) : owingBucket(bucket);
      const text = `${isLast ? "bucket" : "owing"} ${limit} ${seconds} ${burst}`;
      return { limiter, rule: { bucket }, text };
    }
  }
}

function exemptOf({ addresses, subjects, groups }: Config["exempt"]): Exempt | null {
  if (addresses.length + subjects.length + groups.length === 0) return null;
  return { networks: addresses.map(parseNetwork), subjects, groups };
}
