import type { IncomingHttpHeaders } from "node:http";
import type { DiscoveryConfig } from "../../config/traffic-model.ts";
import { type ApiAnswer, ApiClient } from "../api-client.ts";
import { describe } from "../describe.ts";
import { repeating, type Tell } from "../run-source.ts";
import type { DiscoverySource, SourceSetting } from "../source.ts";
import { SourceProblem } from "../source-problem.ts";
import { readInstances } from "./health.ts";

type ConsulConfig = Extract<DiscoveryConfig, { kind: "consul" }>;

/** s that an agent holds back an answer while nothing changes; it adds up to a sixteenth. */
const longestWait = 55;
/** ms for an answer that is not held back. */
const patience = 10_000;
/** ms for one that is. */
const blockingPatience = longestWait * 1000 * (1 + 1 / 16) + patience;
/** ms between two questions when the agent answered at once: changes can follow each other closely. */
const pause = 250;
/** ms within which an answer came at once. */
const atOnce = 1_000;
/** ms between two questions to something that tells no index. */
const pollEvery = 10_000;

/**
 * The passing instances of a service, by blocking queries
 * (https://developer.hashicorp.com/consul/api-docs/features/blocking): the agent answers when something changed.
 */
export function consulSource(config: ConsulConfig, setting: SourceSetting): DiscoverySource {
  return repeating(describe(config), setting, () => {
    const client = new ApiClient(setting);
    /** The state that was seen last; 0: none, so that the next answer comes at once. */
    let index = 0n;
    return {
      async ask(tell, signal) {
        const asked = setting.now();
        const within = index === 0n ? patience : blockingPatience;
        const since = index;
        // Whatever fails: the next answer comes at once, and tells whether all is well again.
        index = 0n;
        const answer = await client.json({
          url: queryUrl(config, since),
          headers: headersOf(config),
          within: { head: within, all: patience },
          signal,
        });
        tellInstances(answer, tell);
        const next = indexOf(answer.headers);
        if (next === null) return pollEvery;
        // An index that went back is one of another Consul: "Reset the index if it goes backwards". One of 0
        // would not block: "Sanity check index is greater than zero".
        index = next < since ? 0n : next === 0n ? 1n : next;
        return setting.now() - asked < atOnce ? pause : 0;
      },
      close: () => client.close(),
    };
  });
}

function queryUrl({ url, service, tag, datacenter }: ConsulConfig, index: bigint): URL {
  if (!URL.canParse(url)) throw new SourceProblem("unreachable", "the address of the agent is no URL");
  const query = new URL(`${url.replace(/\/+$/, "")}/v1/health/service/${encodeURIComponent(service)}`);
  query.searchParams.set("passing", "1");
  if (tag !== null) query.searchParams.set("tag", tag);
  if (datacenter !== null) query.searchParams.set("dc", datacenter);
  if (index > 0n) {
    query.searchParams.set("index", String(index));
    query.searchParams.set("wait", `${longestWait}s`);
  }
  return query;
}

function headersOf({ token }: ConsulConfig): Record<string, string> {
  return token === null ? {} : { "x-consul-token": token };
}

function tellInstances({ headers, value }: ApiAnswer & { readonly value: unknown }, tell: Tell): void {
  if (!Array.isArray(value)) throw new SourceProblem("malformed", "the answer is no list");
  // An empty list is an answer, but not when it is empty because of what the token may not see.
  if (value.length === 0 && headers["x-consul-results-filtered-by-acls"] === "true") {
    throw new SourceProblem("refused", "the answer is empty because the token may not read the service");
  }
  const { endpoints, unusable } = readInstances(value);
  const problems =
    unusable === 0
      ? []
      : [new SourceProblem("unusable", `${unusable} instances have no usable address or port`)];
  if (endpoints.length === 0 && problems[0] !== undefined) throw problems[0];
  tell(endpoints, problems);
}

function indexOf(headers: IncomingHttpHeaders): bigint | null {
  const text = headers["x-consul-index"];
  return typeof text === "string" && /^[0-9]{1,20}$/.test(text) ? BigInt(text) : null;
}
