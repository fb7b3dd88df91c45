import { StatusProblem } from "../api-client.ts";
import { backoff } from "../backoff.ts";
import { describe } from "../describe.ts";
import { type Rounds, repeating, type Tell } from "../run-source.ts";
import type { DiscoverySource, SourceSetting } from "../source.ts";
import { SourceProblem } from "../source-problem.ts";
import { type Access, KubernetesAccess, type KubernetesConfig } from "./access.ts";
import { readEvents } from "./events.ts";
import { endpointsOf } from "./slice.ts";
import { SliceState } from "./state.ts";

/** ms for a list, and for the head of a watch, which the server sends at once. */
const patience = 10_000;
/** s after which the server ends a watch; up to half of it is added, so that not all proxies come back at once. */
const watchTime = 120;
/** ms that a watch may last longer than it was asked for. */
const watchGrace = 15_000;
/** ms. A watch that ends sooner, with nothing in it, is not begun again at once. */
const shortWatch = 1_000;

/**
 * The endpoints of a service, from its EndpointSlices: listed once, then watched
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/). The service account needs the verbs `list` and `watch`
 * for `endpointslices` of `discovery.k8s.io`.
 */
export function kubernetesSource(config: KubernetesConfig, setting: SourceSetting): DiscoverySource {
  return repeating(describe(config), setting, () => new KubernetesRounds(config, setting));
}

class KubernetesRounds implements Rounds {
  readonly #config: KubernetesConfig;
  readonly #setting: SourceSetting;
  readonly #access: KubernetesAccess;
  /** Null: to be listed. */
  #state: SliceState | null = null;

  constructor(config: KubernetesConfig, setting: SourceSetting) {
    this.#config = config;
    this.#setting = setting;
    this.#access = new KubernetesAccess(config, setting);
  }

  /** Lists where that is needed, and watches until the watch ends. */
  async ask(tell: Tell, signal: AbortSignal): Promise<number> {
    const access = await this.#access.now();
    const isListed = this.#state === null;
    const state = this.#state ?? (await this.#list(access, signal));
    if (isListed) this.#tell(state, tell);
    // Kept only when the watch ends well, or its connection is lost: after anything else a list is due.
    this.#state = null;
    const began = this.#setting.now();
    let wasQuiet = true;
    try {
      const goesOn = await this.#watch(access, state, signal, (hasEvents) => {
        // Also when it opens: what failed before works again.
        if (hasEvents || !isListed) this.#tell(state, tell);
        wasQuiet &&= !hasEvents;
      });
      if (goesOn) this.#state = state;
    } catch (error) {
      if (error instanceof StatusProblem && error.status === 410) return this.#pauseAfter(began, true);
      if (isOfConnection(error)) this.#state = state;
      throw error;
    }
    return this.#pauseAfter(began, wasQuiet);
  }

  close(): void {
    this.#access.close();
  }

  async #list({ client, base, headers }: Access, signal: AbortSignal): Promise<SliceState> {
    const within = { head: patience, all: patience };
    const { value } = await client.json({ url: this.#url(base, {}), headers, within, signal });
    return new SliceState(value);
  }

  /** @returns whether the changes go on from where the watch ended */
  async #watch(
    { client, base, headers }: Access,
    state: SliceState,
    signal: AbortSignal,
    seen: (hasEvents: boolean) => void,
  ): Promise<boolean> {
    const seconds = Math.round(watchTime * (1 + this.#setting.random() / 2));
    const url = this.#url(base, {
      watch: "1",
      resourceVersion: state.version,
      allowWatchBookmarks: "true",
      timeoutSeconds: String(seconds),
    });
    const within = { head: patience, all: seconds * 1000 + watchGrace };
    return await client.stream({ url, headers, within, signal }, async (chunks) => {
      seen(false);
      for await (const events of readEvents(chunks)) {
        if (!events.every((event) => state.apply(event))) return false;
        seen(true);
      }
      return true;
    });
  }

  #tell({ slices }: SliceState, tell: Tell): void {
    const { port, families } = { port: this.#config.port, families: this.#setting.families };
    const { endpoints, unusable, otherPorts } = endpointsOf(slices.values(), port, families);
    const problems: SourceProblem[] = [];
    if (unusable > 0)
      problems.push(new SourceProblem("unusable", `${unusable} endpoints have no usable address`));
    if (endpoints.length === 0 && otherPorts.length > 0) {
      const message = `no port ${JSON.stringify(port)}, expected one of ${otherPorts.slice(0, 10).join(", ")}`;
      throw new SourceProblem("unusable", message);
    }
    tell(endpoints, problems);
  }

  #url(base: string, query: Readonly<Record<string, string>>): URL {
    const namespace = encodeURIComponent(this.#config.namespace);
    const url = new URL(`${base}/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`);
    url.searchParams.set("labelSelector", `kubernetes.io/service-name=${this.#config.service}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url;
  }

  #pauseAfter(began: number, wasQuiet: boolean): number {
    const isShort = this.#setting.now() - began < shortWatch;
    return isShort && wasQuiet ? backoff(1, this.#setting.random) : 0;
  }
}

function isOfConnection(error: unknown): boolean {
  return error instanceof SourceProblem && (error.kind === "unreachable" || error.kind === "timeout");
}
