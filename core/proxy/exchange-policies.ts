/** The policies of one exchange, phase by phase: what they decide, told to the exchange. */
import { MessageKind, type PhaseName } from "../../sdk/runtime/message.ts";
import { ProxyError } from "../errors.ts";
import { type BodyListener, BodyPhase } from "../policy/body-phase.ts";
import { HeadPhase, type PhaseListener } from "../policy/head-phase.ts";
import { MalformedOutcome, type Outcome } from "../policy/outcome.ts";
import { planRoute, type RoutePlan } from "../policy/plan.ts";
import { ignoreOutcome } from "../policy/plugin-guest.ts";
import type { Policy } from "../policy/policy.ts";
import { type PolicyHost, PolicyRun } from "../policy/policy-run.ts";
import { RequestDraft } from "../policy/request-draft.ts";
import { draftReply, ResponseDraft } from "../policy/response-draft.ts";
import { editableRequestFields, editableResponseFields } from "../wire/forward.ts";
import type { ResponseHead } from "../wire/response-head.ts";
import type { Exchange } from "./exchange.ts";
import type { Route } from "./generation.ts";

/** More routes than a request has reason to be sent through. */
const mostReroutes = 8;

const noPlan: RoutePlan = {
  policies: [],
  onRequest: [],
  onRequestBody: [],
  onUpstream: [],
  onResponse: [],
  onResponseBody: [],
  onLog: [],
  readsRequestBody: false,
  readsResponseBody: false,
};

export class ExchangePolicies implements PolicyHost, PhaseListener {
  /** The request as the policies have left it so far. */
  request: RequestDraft;
  /** Of the attempt at hand. */
  attempt: RequestDraft;
  private readonly exchange: Exchange;
  private readonly run: PolicyRun;
  private plan: RoutePlan;
  private response: ResponseDraft | null = null;
  private isLocal = false;
  /** The route whose plan this is. */
  private route: Route;
  private stage: "request" | "upstream" | "response" = "request";
  private phase: HeadPhase | null = null;
  private bodies: BodyPhase[] = [];
  /** Policies that the request has passed, in their order. */
  private readonly passed: Policy[] = [];
  private reroutes = 0;

  constructor(exchange: Exchange, route: Route) {
    const { head, client } = exchange;
    this.exchange = exchange;
    this.route = route;
    this.plan = route.plan ?? noPlan;
    this.run = new PolicyRun(this, client.reactor.timers);
    this.request = new RequestDraft(head, editableRequestFields(head, client.side));
    this.attempt = this.request;
  }

  // --- request

  onRequest(): void {
    this.stage = "request";
    const { onRequest } = this.plan;
    const ahead =
      this.passed.length === 0 ? onRequest : onRequest.filter((policy) => !this.passed.includes(policy));
    this.begin("onRequest", ahead, this.request, this.requestPreface());
  }

  /** @param attempt its number, from 1 */
  onUpstream(attempt: number, cluster: string): void {
    if (this.plan.onUpstream.length === 0) {
      this.attempt = this.request;
      this.exchange.sendUpstream();
      return;
    }
    this.attempt = this.request.copy();
    this.stage = "upstream";
    const { method, authority, path, query } = this.attempt;
    const url = `${this.exchange.client.side.scheme}://${authority}${path}${query}`;
    const preface = `${attempt} ${cluster} ${method} ${url}\n${this.requestPreface()}`;
    this.begin("onUpstream", this.plan.onUpstream, this.attempt, preface);
  }

  get transformsRequestBody(): boolean {
    return this.plan.onRequestBody.length > 0;
  }

  requestBodyPhase(listener: BodyListener): BodyPhase {
    return this.bodyPhase("onRequestBody", this.plan.onRequestBody, listener);
  }

  // --- response

  get seesResponse(): boolean {
    return this.plan.readsResponseBody;
  }

  onResponse(head: ResponseHead): void {
    const draft = new ResponseDraft(head.status, head.reason, editableResponseFields(head));
    this.runResponse(draft, this.plan.onResponse, lengthLine(head.contentLength));
  }

  get transformsResponseBody(): boolean {
    return this.responseBodyPolicies.length > 0;
  }

  responseBodyPhase(listener: BodyListener): BodyPhase {
    return this.bodyPhase("onResponseBody", this.responseBodyPolicies, listener);
  }

  private get responseBodyPolicies(): readonly Policy[] {
    return this.isLocal ? this.passedBackwards("onResponseBody") : this.plan.onResponseBody;
  }

  private passedBackwards(phase: PhaseName): readonly Policy[] {
    return this.passed.filter(({ phases }) => phases.has(phase)).reverse();
  }

  /** Those that the request has passed see the answer, the last one first. */
  private onLocalReply(draft: ResponseDraft): void {
    this.isLocal = true;
    this.runResponse(draft, this.passedBackwards("onResponse"), "");
  }

  private runResponse(draft: ResponseDraft, policies: readonly Policy[], lengthLine: string): void {
    this.stage = "response";
    this.response = draft;
    this.begin("onResponse", policies, draft, `${draft.status} ${draft.reason}\n${lengthLine}`);
  }

  // --- from the phases

  onPhaseDone(): void {
    this.phase = null;
    if (this.stage === "response") this.exchange.sendResponse(this.response!, this.isLocal);
    else if (this.stage === "upstream") this.exchange.sendUpstream();
    else this.admit();
  }

  onPhaseReply(reply: Outcome & { kind: "reply" }, bytes: Uint8Array | undefined, by: Policy): void {
    const { phase } = this;
    try {
      if (this.stage === "response") {
        this.response!.replace(reply, bytes);
        phase!.next();
        return;
      }
      this.phase = null;
      const draft = draftReply(reply, bytes);
      for (const policy of this.plan.onRequest) {
        if (policy === by) break;
        if (!this.passed.includes(policy)) this.passed.push(policy);
      }
      this.onLocalReply(draft);
    } catch (error) {
      if (!(error instanceof MalformedOutcome)) throw error;
      phase!.malformed(error);
    }
  }

  onPhaseFailed(error: ProxyError): void {
    this.phase = null;
    this.exchange.fail(error);
  }

  /**
   * Policies may have made another request of it: then that one's route counts, and its policies see it
   * too, or a rewritten path would be a way around them.
   */
  private admit(): void {
    for (const policy of this.plan.onRequest) if (!this.passed.includes(policy)) this.passed.push(policy);
    const route = this.exchange.reroute(this.request);
    if (route === null) return;
    if (route === this.route) {
      this.exchange.toUpstream();
      return;
    }
    if (++this.reroutes > mostReroutes) {
      const message = "Policies sent the request from route to route without an end";
      this.exchange.fail(new ProxyError("reroute_loop", message, { source: "plugin" }));
      return;
    }
    this.route = route;
    this.plan = joined(route.plan ?? noPlan, this.passed);
    this.onRequest();
  }

  // --- for the run

  policyContext(): string {
    const { exchange, request } = this;
    const { requestId, client, route } = exchange;
    const { address, scheme } = client.side;
    const target = `${request.path}${request.query}`;
    const facts = `${requestId} ${address} ${scheme} ${route!.number} ${request.method} ${request.authority} ${target}`;
    return client.tls === "" ? facts : `${facts} ${client.tls}`;
  }

  readBody(side: "q" | "s", limit: number): Promise<Uint8Array> | Uint8Array {
    return side === "q" ? this.exchange.readRequestBody(limit) : this.exchange.readResponseBody(limit);
  }

  // --- end

  get logs(): boolean {
    return this.plan.onLog.length > 0;
  }

  /** Tells those that observe; nobody waits for them. */
  log(record: object): void {
    const payload = JSON.stringify(record);
    for (const policy of this.plan.onLog)
      this.run.send(ignoreOutcome, policy, "onLog", MessageKind.log, payload);
  }

  /** @param because empty when the exchange ended well */
  end(because: string): void {
    this.phase?.cancel();
    for (const body of this.bodies) body.cancel();
    this.run.end(because);
  }

  private begin(
    name: Extract<PhaseName, "onRequest" | "onUpstream" | "onResponse">,
    policies: readonly Policy[],
    draft: RequestDraft | ResponseDraft,
    preface: string,
  ): void {
    this.phase = new HeadPhase(this.run, name, policies, draft, preface, this);
    this.phase.next();
  }

  private bodyPhase(
    name: "onRequestBody" | "onResponseBody",
    policies: readonly Policy[],
    listener: BodyListener,
  ): BodyPhase {
    const body = new BodyPhase(this.run, name, policies, listener);
    this.bodies.push(body);
    return body;
  }

  /** Fields that a guest may read and not change. */
  private requestPreface(): string {
    const { authority } = this.request;
    const host = authority === "" ? "" : `host: ${authority}\r\n`;
    return host + lengthLine(this.exchange.head.contentLength);
  }
}

/** The plan of the new route, with the policies that the request has passed already. */
function joined(plan: RoutePlan, passed: readonly Policy[]): RoutePlan {
  const others = passed.filter((policy) => !plan.policies.includes(policy));
  return others.length === 0 ? plan : planRoute([...others, ...plan.policies])!;
}

function lengthLine(contentLength: number): string {
  return contentLength > 0 ? `content-length: ${contentLength}\r\n` : "";
}
