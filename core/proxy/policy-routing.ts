/** Where the policies of an exchange send its request: to another route, to a cluster, to an endpoint. */
import type { Edits } from "../../sdk/runtime/message.ts";
import { ProxyError } from "../errors.ts";
import { MalformedOutcome } from "../policy/malformed-outcome.ts";
import type { GuestError } from "../policy/outcome.ts";
import type { Policy } from "../policy/policy.ts";
import type { RequestDraft } from "../policy/request-draft.ts";
import type { Exchange } from "./exchange.ts";
import type { Route } from "./generation.ts";

/** Of a name that a policy made up, in code units. */
const longestShown = 100;

/** More routes than a request has reason to be sent through. */
const mostReroutes = 8;

interface EndpointChoice {
  readonly by: Policy;
  readonly phase: "onRequest" | "onUpstream";
}

export class PolicyRouting {
  /** Of the request as the client sent it. */
  readonly first: Route;
  private readonly exchange: Exchange;
  private current: Route;
  private reroutes = 0;
  /** Who chose the endpoint last. */
  private endpointChoice: EndpointChoice | null = null;

  constructor(exchange: Exchange, first: Route) {
    this.exchange = exchange;
    this.first = first;
    this.current = first;
  }

  /** Of the request as the policies have left it. */
  get route(): Route {
    return this.current;
  }

  /** The same request goes on in another exchange. */
  takeOver({ current, endpointChoice }: PolicyRouting): void {
    this.current = current;
    this.endpointChoice = endpointChoice;
  }

  /**
   * The policies may have made another request of it: returns whether that one has another route.
   *
   * @throws ProxyError when it has none, or goes from route to route without an end
   */
  follow(request: RequestDraft): boolean {
    const route = this.find(request);
    if (route === this.current) return false;
    if (++this.reroutes > mostReroutes) {
      const message = "Policies sent the request from route to route without an end";
      throw new ProxyError("reroute_loop", message, { source: "plugin" });
    }
    this.current = route;
    return true;
  }

  private find({ method, authority, path, query }: RequestDraft): Route {
    const { head } = this.exchange;
    const isSameUrl = authority === head.authority && path === head.path && query === head.query;
    if (isSameUrl && method === head.method) return this.first;
    return this.exchange.findRoute(method, authority, path, query);
  }

  /** @throws MalformedOutcome for a cluster that there is not */
  admitCluster({ cluster, whenAll }: Edits): void {
    const { clusters } = this.exchange.generation;
    const instead: unknown = typeof whenAll === "object" ? whenAll?.cluster : undefined;
    for (const name of [cluster, instead]) {
      if (typeof name === "string" && !clusters.has(name)) {
        throw new MalformedOutcome(`Cannot choose the cluster ${shown(name)}: there is none of that name`);
      }
    }
  }

  endpointChosen(by: Policy, phase: EndpointChoice["phase"]): void {
    this.endpointChoice = { by, phase };
  }

  /**
   * Whose fault it is that the cluster has no such endpoint, which is known when the request goes there; null: no policy's
   * that is known.
   */
  missingEndpoint(
    { endpoint }: RequestDraft,
    cluster: string,
  ): (EndpointChoice & { fault: GuestError }) | null {
    if (this.endpointChoice === null) return null;
    const message = `Cannot choose the endpoint ${shown(endpoint!)}: ${cluster} has none of that name`;
    return { ...this.endpointChoice, fault: { name: "TypeError", message, stack: "" } };
  }
}

function shown(name: string): string {
  return name.slice(0, longestShown);
}
