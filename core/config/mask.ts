import type { ClusterConfig, Config } from "./model.ts";
import type { RespondConfig, RouteMatch } from "./route-model.ts";
import { hideUserInfo } from "./source/hide-user-info.ts";
import { looksSecret } from "./source/secret-names.ts";
import type { StoreConfig } from "./store-model.ts";
import type { DiscoveryConfig } from "./traffic-model.ts";

const hidden = "***";

/** Shorter ones occur by chance in texts that are not secret; those are hidden only as a whole text. */
const leastPartLength = 4;

/** Kept beside the configuration, or a part of it, and not in it: it travels between processes, and they need not. */
const secretsOf = new WeakMap<object, ReadonlySet<string>>();

/** Remembers what {@link maskConfig} has to hide in this configuration. */
export function markSecrets(config: Config, secrets: ReadonlySet<string>): void {
  secretsOf.set(config, secrets);
}

/** What was made of configurations, or of parts of them, holds what they have to hide. */
export function withSecretsOf<Made extends object>(made: Made, ...from: readonly object[]): Made {
  secretsOf.set(made, new Set(from.flatMap((source) => [...(secretsOf.get(source) ?? [])])));
  return made;
}

function maskCluster(cluster: ClusterConfig): ClusterConfig {
  const { sticky, discovery } = cluster;
  return {
    ...cluster,
    sticky: sticky && { ...sticky, key: sticky.key && hidden },
    discovery: discovery && maskDiscovery(discovery),
  };
}

function maskDiscovery(discovery: DiscoveryConfig): DiscoveryConfig {
  if (discovery.kind === "plugin") return maskPolicy(discovery);
  return discovery.kind === "consul" ? { ...discovery, token: discovery.token && hidden } : discovery;
}

/**
 * The configuration as it may be shown: values that came from secret variables, values of fields and of
 * keys in plugins' configs whose name looks secret, keys and tokens of clusters, passwords of stores, and user names and passwords in URLs are starred out. Paths of key files stay.
 */
export function maskConfig(config: Config): Config {
  const secrets = [...(secretsOf.get(config) ?? [])].sort((a, b) => b.length - a.length);
  const hide = (text: string) => secrets.reduce(hideSecret, hideUserInfo(text));
  const masked = mapTexts(config, hide) as Config;
  const routes = masked.routes.map((route) => ({
    ...route,
    match: maskMatch(route.match),
    respond: maskRespond(route.respond),
    policies: route.policies?.map(maskPolicy) ?? null,
  }));
  const settings = Object.entries(masked.plugins.settings).map(([name, of]) => [name, maskPolicy(of)]);
  const clusters = masked.clusters.map(maskCluster);
  return {
    ...masked,
    clusters,
    routes,
    stores: masked.stores.map(maskStore),
    plugins: { ...masked.plugins, settings: Object.fromEntries(settings) },
  };
}

function maskStore({ name, redis }: StoreConfig): StoreConfig {
  return { name, redis: { ...redis, password: redis.password && hidden } };
}

/** What a plugin's config holds is the plugin's own: all under a key that looks secret is hidden. */
function maskPolicy<Policy extends { readonly config: unknown }>(policy: Policy): Policy {
  return { ...policy, config: hideUnderSecretKeys(policy.config) };
}

function hideUnderSecretKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hideUnderSecretKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [
    key,
    looksSecret(key) ? hideAll(item) : hideUnderSecretKeys(item),
  ]);
  return Object.fromEntries(entries);
}

function hideAll(value: unknown): unknown {
  return typeof value === "boolean" || value === null ? value : hidden;
}

function maskMatch(match: RouteMatch): RouteMatch {
  return {
    ...match,
    headers: match.headers.map(maskNamed),
    query: match.query.map(maskNamed),
    cookies: match.cookies.map(maskNamed),
  };
}

function maskRespond(respond: RespondConfig | null): RespondConfig | null {
  return respond && { ...respond, headers: respond.headers.map(maskNamed) };
}

/** What must only be there is no secret. */
function maskNamed<Named extends { readonly name: string; readonly value: unknown }>(named: Named): Named {
  return named.value !== null && looksSecret(named.name) ? { ...named, value: hidden } : named;
}

function hideSecret(text: string, secret: string): string {
  if (text === secret) return hidden;
  return secret.length < leastPartLength ? text : text.replaceAll(secret, hidden);
}

function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTexts(item, change)]));
}
