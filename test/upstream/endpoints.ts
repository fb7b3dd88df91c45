/** Endpoints of a cluster that fail as a test tells them. */
import type { Test } from "tap";
import type { Address, Config, EndpointConfig } from "../../core/config/model.ts";
import { defaultRetry } from "../../core/config/traffic-defaults.ts";
import type { OutlierConfig, RetryConfig } from "../../core/config/traffic-model.ts";
import type { UpstreamMemory } from "../../core/upstream/services.ts";
import { freePort } from "../support/free-port.ts";
import { get, type PluginParts, type TestGateway } from "../support/gateway.ts";
import type { Message } from "../support/message.ts";
import { type Answer, ok, type RawUpstream, startUpstream } from "../support/raw-upstream.ts";

/** What routes do by default, with pauses so short that tests do not notice them. */
export function retrying(changes: Partial<RetryConfig> = {}): RetryConfig {
  return { ...defaultRetry, backoff: { base: 1, longest: 1 }, ...changes };
}

/** An endpoint that counts. */
export interface CountingUpstream extends RawUpstream {
  /** Requests that it read, in order. */
  readonly requests: readonly Message[];
}

/** Starts an endpoint that remembers what it was asked. */
export async function startCounting(t: Test, answer: Answer): Promise<CountingUpstream> {
  const requests: Message[] = [];
  const upstream = await startUpstream(t, (request, peer) => {
    requests.push(request);
    return answer(request, peer);
  });
  return { ...upstream, requests };
}

/** Endpoints that answer with their number, from 0. */
export function startNumbered(t: Test, count: number): Promise<CountingUpstream[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => startCounting(t, () => ok(`${i}`))));
}

/** Reads a request and resets the connection. */
export const resets: Answer = (_request, peer) => {
  peer.reset();
  return null;
};

/** Reads a request and never answers. */
export const isSilent: Answer = () => null;

/** A response with a status, fields and a body of known length. */
export function answerOf(status: number, body = "", ...fields: string[]): string {
  const lines = [`HTTP/1.1 ${status} Said`, ...fields, `Content-Length: ${body.length}`];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

/** An address where nobody listens. */
export async function refusing(): Promise<Address> {
  return { host: "127.0.0.1", port: await freePort() };
}

/** Endpoints in the config of a cluster, each with what differs. */
export function endpointsOf(
  ...endpoints: readonly (readonly [Address, Partial<EndpointConfig>])[]
): readonly EndpointConfig[] {
  return endpoints.map(([address, changes]) => {
    const { host, port } = address as { host: string; port: number };
    const base = { address, weight: 1, zone: null, priority: 0 };
    return { ...base, authority: `${host}:${port}`, ...changes };
  });
}

/** Endpoints that are left out after some failures in a row, and never by comparison. */
export function ejecting(changes: Partial<OutlierConfig> = {}): OutlierConfig {
  return {
    consecutiveFailures: 5,
    interval: 60_000,
    successRateDeviations: 0,
    latencyFactor: 0,
    minRequests: 100,
    ejection: 60_000,
    longestEjection: 60_000,
    mostEjected: 0.5,
    ...changes,
  };
}

/** How often each endpoint was asked. */
export function countsOf(endpoints: readonly CountingUpstream[]): number[] {
  return endpoints.map(({ requests }) => requests.length);
}

/** Options of a gateway that shares what it knows of endpoints with another one, as reactors do. */
export function sharing(memory: UpstreamMemory, leads: boolean): PluginParts {
  const parts = { change: (config: Config) => config, upstreamMemory: memory, leads };
  return parts;
}

/** Sends requests one after the other and returns their responses. */
export async function askTimes(proxy: TestGateway, count: number, request = get()): Promise<Message[]> {
  const responses: Message[] = [];
  for (let i = 0; i < count; i++) responses.push(await proxy.ask(request));
  return responses;
}
