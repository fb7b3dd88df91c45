/** How a plugin that this installation brings along differs from one of the operator's folder. */
import { noGrants } from "../config/defaults.ts";
import type { Grants, PluginSettings } from "../config/model.ts";
import type { EngineName } from "../sandbox/engine.ts";
import type { PluginCode } from "./bundle.ts";
import { missingGrants } from "./grants.ts";

type Origin = Pick<PluginCode, "builtIn">;

/**
 * Where its code runs. What is built in is code of the proxy, and as trusted as the rest of it.
 *
 * @returns null: the default of the runtime
 */
export function engineNameOf({ builtIn }: Origin, settings: PluginSettings | null): EngineName | null {
  return settings?.engine ?? (builtIn ? "inline" : null);
}

export interface GrantDecision {
  /** What it may reach once it is loaded. */
  readonly grants: Grants;
  /** What it asks for in vain, in the words of the config; it is not loaded then. */
  readonly missing: readonly string[];
}

/**
 * What a plugin may reach, of what it declares and the operator grants.
 *
 * A built-in one has the stores, the identity and the variables that it declares without a word of the operator. Where
 * it may fetch from, or find endpoints, depends on its config, which it cannot declare: that is what the operator
 * grants.
 *
 * @param grantDeclared whether everything is granted that is declared
 */
export function decideGrants(
  { builtIn }: Origin,
  declared: Grants,
  settings: PluginSettings | null,
  grantDeclared: boolean,
): GrantDecision {
  const given = settings?.grants ?? noGrants;
  if (!builtIn) {
    return { grants: declared, missing: grantDeclared ? [] : missingGrants(declared, given) };
  }
  const grants: Grants = {
    fetch: grantDeclared ? [...declared.fetch, ...given.fetch] : given.fetch,
    kv: declared.kv || given.kv,
    cache: declared.cache || given.cache,
    identity: declared.identity || given.identity,
    env: [...new Set([...declared.env, ...given.env])],
    endpoints: grantDeclared ? [...declared.endpoints, ...given.endpoints] : given.endpoints,
  };
  return { grants, missing: missingGrants(declared, grants) };
}
