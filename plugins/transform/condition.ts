import { type PathPattern, pathPattern } from "../shared/path-pattern.ts";
import { isWanted } from "../shared/wanted-value.ts";
import type { Facts } from "./facts.ts";

export interface ConditionConfig {
  readonly method?: readonly string[];
  readonly path?: string;
  readonly status?: readonly (string | number)[];
  readonly header?: Readonly<Record<string, string>>;
}

/** Gives the segments of the path that it names; null: the rule is not for this exchange. */
export type Condition = (facts: Facts) => ReadonlyMap<string, string> | null;

const nothing: ReadonlyMap<string, string> = new Map();

/**
 * All that is said has to hold.
 *
 * @throws Error for a path that is no pattern
 */
export function conditionOf(config: ConditionConfig | undefined): Condition {
  if (config === undefined) return () => nothing;
  const { method, status } = config;
  const path: PathPattern = config.path === undefined ? () => nothing : pathPattern(config.path);
  const headers = Object.entries(config.header ?? {});
  return (facts) => {
    if (method !== undefined && !method.includes(facts.method)) return null;
    if (status !== undefined && !status.some((wanted) => isStatus(wanted, facts.status))) return null;
    for (const [name, wanted] of headers) if (!isWanted(wanted, facts.headers.get(name))) return null;
    return path(facts.path);
  };
}

function isStatus(wanted: string | number, status: number): boolean {
  return wanted === status || wanted === `${Math.floor(status / 100)}xx`;
}
