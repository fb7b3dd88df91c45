/** The policies of one exchange, phase by phase: what they decide, told to the exchange. */
import { BodyForm, type Edits, type PhaseName } from "../../sdk/runtime/message.ts";
import { type ProxyError, toProxyError } from "../errors.ts";
import { GuestBody } from "../policy/body/guest-body.ts";
import type { BodyListener, BodyPipe } from "../policy/body/pipe.ts";
import type { Recording } from "../policy/body/recording.ts";
import type { BodyStages, StageSpec } from "../policy/body/stages.ts";
import { partsOf } from "../policy/body/whole-body.ts";
import { PolicyChain } from "../policy/chain.ts";
import type { LogFacts } from "../policy/guest/slots.ts";
import { HeadPhase, type PhaseListener } from "../policy/head-phase.ts";
import { toMalformed } from "../policy/malformed-outcome.ts";
import type { Outcome } from "../policy/outcome.ts";
import type { Policy } from "../policy/policy.ts";
import { type PolicyHost, PolicyRun } from "../policy/policy-run.ts";
import { RequestDraft } from "../policy/request-draft.ts";
import { draftReply, ResponseDraft } from "../policy/response-draft.ts";
import { HostCallError } from "../sandbox/host/error.ts";
import { Kind } from "../wire/field-kind.ts";
import { editableRequestFields } from "../wire/forward/request.ts";
import { editableResponseFields, toldLength } from "../wire/forward/response.ts";
import { reasonPhrase } from "../wire/reason-phrase.ts";
import type { ResponseHead } from "../wire/response-head.ts";
import { clusterOf, hasChosen } from "./attempts/steered-choice.ts";
import { arrivedText, type BodyView, readBody } from "./body-reading.ts";
import { clientScheme } from "./client/facts.ts";
import type { Exchange } from "./exchange.ts";
import { ExchangeBodies } from "./exchange-bodies.ts";
import type { Route } from "./generation.ts";
import { PolicyRouting } from "./policy-routing.ts";
import { attemptPreface, clientIdLine, contextText, requestPreface, responsePreface } from "./policy-text.ts";
import { refresh } from "./refresh.ts";
import { limitTime } from "./request/deadline.ts";
import { RequestFlow } from "./request/flow.ts";
import { admitAgain } from "./request/priority.ts";
import { failureMessage } from "./response/local-reply.ts";
import type { ResponseRelay } from "./response/plain-response.ts";
import { PolicyResponse } from "./response/policy-response.ts";
import { draftAnswer } from "./response/route-answer.ts";

export class ExchangePolicies implements PolicyHost, PhaseListener, BodyView {
  /** The request as the policies have left it so far. */
  request: RequestDraft;
  /** Of the attempt at hand. */
  attempt: RequestDraft;
  readonly requestFlow: RequestFlow;
  readonly exchange: Exchange;
  /** The policies that it meets. */
  chain: PolicyChain;
  private readonly run: PolicyRun;
  response: ResponseDraft | null = null;
  responseFlow: PolicyResponse | null = null;
  private readonly routing: PolicyRouting;
  private stage: "request" | "upstream" | "response" = "request";
  private phase: HeadPhase | null = null;
  /** The last one that had the request sent again: one does so once. */
  private refreshedBy: Policy | null = null;
  readonly bodies: ExchangeBodies;
  /** Of the body as the endpoint tells it, of that of GET in its answer to HEAD; negative when it does not. */
  private responseLength = -1;

  constructor(exchange: Exchange, route: Route) {
    const { head, client } = exchange;
    this.exchange = exchange;
    this.routing = new PolicyRouting(exchange, route);
    this.chain = new PolicyChain(route.plan);
    this.run = new PolicyRun(this, client.reactor);
    this.bodies = new ExchangeBodies(this.run);
    this.request = new RequestDraft(head, editableRequestFields(head, client.side));
    this.attempt = this.request;
    this.requestFlow = new RequestFlow(exchange, this);
  }

  /** The same request in another exchange, as it reaches the policy: those before that are not asked again. */
  again(exchange: Exchange, policy: Policy): ExchangePolicies {
    const { chain, request, routing } = this;
    const again = new ExchangePolicies(exchange, routing.first);
    again.request = request.copy();
    again.attempt = again.request;
    again.routing.takeOver(routing);
    again.chain = chain.from(policy);
    return again;
  }

  // --- request

  /** Whether trailers of the request go on: no policy has looked at what names they have [CVE-2013-5704]. */
  get passesTrailers(): boolean {
    return !this.chain.plan.saysWho;
  }

  onRequest(): void {
    this.stage = "request";
    this.begin("onRequest", this.chain.ahead, this.request);
  }

  /** Before each attempt. */
  onUpstream(): void {
    this.stage = "upstream";
    const { rewrite } = this.routing.route;
    const { onUpstream } = this.chain.plan;
    const isSeen = onUpstream.length > 0;
    this.attempt = isSeen || rewrite !== null ? this.request.copy() : this.request;
    if (rewrite !== null) this.attempt.path = rewrite(this.request.path);
    if (!isSeen) {
      this.sendUpstream();
      return;
    }
    this.begin("onUpstream", onUpstream, this.attempt);
  }

  private sendUpstream(): void {
    const { exchange } = this;
    try {
      let cluster = clusterOf(exchange, this.attempt);
      if (!hasChosen(cluster, this.attempt)) {
        this.onEndpointMissing(cluster.name);
        cluster = clusterOf(exchange, this.attempt);
      }
      exchange.attempts.begin(cluster, this.attempt.endpoint);
    } catch (error) {
      exchange.attempts.notBegun(toProxyError(error, "handle request"));
    }
  }

  /** @throws ProxyError plugin_failed, unless a fault of the policy that chose means that the balancer chooses */
  private onEndpointMissing(cluster: string): void {
    const { attempt, routing } = this;
    const missing = routing.missingEndpoint(attempt, cluster);
    if (missing === null) return;
    const error = this.run.reportFault(missing.by, missing.phase, missing.fault);
    if (error !== null) throw error;
    attempt.endpoint = null;
    if (missing.phase === "onRequest") this.request.endpoint = null;
  }

  /** Of two attempts this is the one whose answer counts; what is asked about another one is of no interest. */
  useAttempt(attempt: RequestDraft): void {
    this.phase?.cancel();
    this.phase = null;
    this.attempt = attempt;
  }

  /** Whether a policy has anything to do with the request's body. */
  get followsRequestBody(): boolean {
    return this.chain.plan.onRequestBody.length > 0 || this.bodies.hasStages("q");
  }

  /** Whether a policy may make another body of it. */
  get changesRequestBody(): boolean {
    return this.chain.plan.onRequestBody.length > 0 || this.bodies.isCoded("q");
  }

  requestBodyPipe(listener: BodyListener): BodyPipe {
    const { bodies } = this;
    const { plan } = this.chain;
    return bodies.pipe("q", bodies.hasStages("q") ? plan.policies : plan.onRequestBody, listener);
  }

  // --- response

  get seesResponse(): boolean {
    return this.chain.plan.readsResponseBody;
  }

  onResponse(head: ResponseHead): ResponseRelay {
    this.responseFlow = new PolicyResponse(this.exchange, this, head);
    const isDated = (head.kinds & Kind.date) !== 0;
    const draft = new ResponseDraft(head.status, head.reason, editableResponseFields(head), isDated);
    this.responseLength = toldLength(head);
    this.runResponse(draft);
    return this.responseFlow;
  }

  /** Whether a policy may make another body of it. */
  get changesResponseBody(): boolean {
    return (
      this.bodies.isCoded("s") || this.responseBodyPolicies.some(({ phases }) => phases.has("onResponseBody"))
    );
  }

  /** Whether a policy has anything to do with it. */
  get followsResponseBody(): boolean {
    return this.bodies.hasStages("s") || this.responseBodyPolicies.length > 0;
  }

  get askedAt(): number {
    return this.exchange.startedAt;
  }

  /** @throws HostCallError when the body is on its way already */
  record(recording: Recording): number | null {
    this.responseFlow?.assertUnsent();
    this.bodies.recordings.add(recording, this.stage === "response");
    return this.lengthAt(recording.policy);
  }

  /** Of the response's body as the policy gets it; null: that is not known. */
  private lengthAt(policy: Policy): number | null {
    const { policies } = this.chain.plan;
    const isAsSent = !this.chain.isLocal && this.response!.body === undefined && !this.bodies.hasStages("s");
    const length = isAsSent && this.exchange.head.method !== "HEAD" ? this.responseLength : -1;
    const behind = policies.slice(policies.indexOf(policy) + 1);
    return length > 0 && !behind.some(({ phases }) => phases.has("onResponseBody")) ? length : null;
  }

  onFollowed(): void {
    this.responseFlow?.onFollowed();
  }

  /** @throws HostCallError when the request is on its way already */
  refresh(policy: Policy): boolean {
    if (this.phase?.isAt(policy) !== true || this.stage !== "request")
      throw new HostCallError("InvalidStateError", "Cannot refresh: onRequest is the place for it");
    if (this.refreshedBy === policy || !refresh(this.exchange, this, policy)) return false;
    this.refreshedBy = policy;
    return true;
  }

  get logFacts(): LogFacts {
    const { route, requestId } = this.exchange;
    return { route: route?.config.name ?? null, requestId };
  }

  keepGoing(): void {
    this.exchange.outlivesClient = true;
  }

  responseBodyPipe(listener: BodyListener): BodyPipe {
    const { bodies } = this;
    const policies = bodies.hasStages("s") ? this.chain.backwards : this.responseBodyPolicies;
    return bodies.pipe("s", policies, listener);
  }

  private get responseBodyPolicies(): readonly Policy[] {
    if (this.bodies.recordings.all.length > 0)
      return this.chain.backwards.filter((policy) => this.seesBody(policy));
    return this.chain.onResponseBody;
  }

  private seesBody(policy: Policy): boolean {
    return policy.phases.has("onResponseBody") || this.bodies.recordings.isOf(policy);
  }

  /** Those that the request has passed see the answer, the last one first. */
  private onLocalReply(draft: ResponseDraft): void {
    this.chain.isLocal = true;
    this.exchange.leaveUpstream();
    this.responseFlow = new PolicyResponse(this.exchange, this, null);
    this.exchange.respondBy(this.responseFlow);
    this.runResponse(draft);
  }

  /**
   * No endpoint answered. What the client is told passes the policies as any response does: one may have a better
   * answer, and fields that a response must have are those of a failure too.
   *
   * @returns false: none of them is concerned, or the failure is that of a policy
   */
  onFailure(error: ProxyError): boolean {
    const { exchange } = this;
    if (this.stage !== "upstream" || error.source !== "upstream" || exchange.status !== 0) return false;
    if (!this.chain.seesLocalReply) return false;
    this.phase?.cancel();
    const { fields, body } = failureMessage(error, exchange.failureContext(error));
    const draft = new ResponseDraft(error.status, reasonPhrase(error.status), fields);
    draft.error = error.code;
    draft.body = body;
    this.onLocalReply(draft);
    return true;
  }

  private runResponse(draft: ResponseDraft): void {
    this.stage = "response";
    this.response = draft;
    this.begin("onResponse", this.chain.onResponse, draft);
  }

  // --- from the phases

  onPhaseDone(): void {
    this.phase = null;
    if (this.stage === "response") this.responseFlow!.send(this.response!);
    else if (this.stage === "upstream") this.sendUpstream();
    else this.admit();
  }

  onPhaseReply(reply: Outcome & { kind: "reply" }, bytes: Uint8Array | undefined, by: Policy): void {
    const phase = this.phase!;
    const replaced = this.stage === "response" ? this.response : null;
    let draft: ResponseDraft | null;
    try {
      draft = this.readReply(reply, bytes, by, replaced);
    } catch (error) {
      phase.malformed(toMalformed(error));
      return;
    }
    if (draft === null) {
      phase.replaced();
      return;
    }
    this.phase = null;
    this.chain.pass(by);
    this.onLocalReply(draft);
  }

  /** Null: it has taken the place of the one that was there. */
  private readReply(
    reply: Outcome & { kind: "reply" },
    bytes: Uint8Array | undefined,
    by: Policy,
    replaced: ResponseDraft | null,
  ): ResponseDraft | null {
    const bodyOf = (form: number) =>
      form === BodyForm.stream ? new GuestBody(this.run, by) : by.handed.bodyOf(form);
    this.bodies.onGiven("response", by, bytes ?? (typeof reply.body === "string" ? reply.body : ""));
    const draft = draftReply(reply, bytes, bodyOf);
    if (replaced === null) return draft;
    this.keepRecorded();
    replaced.become(draft);
    this.bodies.stagesOf("s")?.clear();
    return null;
  }

  onPhaseEdited(): string {
    if (this.stage === "request") {
      this.exchange.requestId = this.request.requestId ?? this.exchange.requestId;
      this.run.onRequestChanged();
    }
    return this.preface();
  }

  onPhaseBodySet(by: Policy, body: string | Uint8Array): void {
    this.bodies.onGiven(this.stage, by, body);
    if (this.stage === "response") this.keepRecorded();
    this.stagesAtHand?.onReplaced(by);
  }

  /** The body is about to be replaced: what policies keep of it is what has passed them. */
  private keepRecorded(): void {
    const { recordings } = this.bodies;
    const { status, body } = this.response!;
    if (recordings.all.length === 0 || this.exchange.head.method === "HEAD" || status === 304) return;
    const isElsewhere = body instanceof GuestBody || this.bodies.hasStages("s");
    if (isElsewhere) recordings.settle(null);
    else if (body === undefined) recordings.settle(this.responseFlow!.heldBody);
    else recordings.settle(body === null ? [] : partsOf(body));
  }

  admitChoice(edits: Edits): void {
    this.routing.admitCluster(edits);
  }

  onEndpointChosen(by: Policy): void {
    this.routing.endpointChosen(by, this.stage === "request" ? "onRequest" : "onUpstream");
  }

  onPhaseSkipped(policy: Policy): void {
    this.stagesAtHand?.drop(policy);
    this.requestFlow.readings.drop(policy);
    this.responseFlow?.readings.drop(policy);
    this.bodies.dropReadings(policy);
  }

  private get stagesAtHand(): BodyStages | null {
    if (this.stage === "upstream") return null;
    return this.bodies.stagesOf(this.stage === "request" ? "q" : "s");
  }

  waitsForClient(policy: Policy): boolean {
    return this.stage === "request" && this.requestFlow.readings.isOf(policy);
  }

  onPhaseFailed(error: ProxyError): void {
    this.phase = null;
    if (this.stage === "upstream") this.exchange.attempts.notBegun(error);
    else this.exchange.fail(error);
  }

  /**
   * Policies may have made another request of it: then that one's route counts, and its policies see it
   * too, or a rewritten path would be a way around them.
   */
  private admit(): void {
    this.chain.pass(null);
    const { routing } = this;
    let isOther: boolean;
    try {
      isOther = routing.follow(this.request);
      if (isOther)
        limitTime(this.exchange, routing.route.config, performance.now() - this.exchange.startedAt);
    } catch (error) {
      this.exchange.fail(toProxyError(error, "handle request"));
      return;
    }
    if (!isOther) {
      this.onAdmitted(routing.route);
      return;
    }
    this.exchange.route = routing.route;
    this.run.onRequestChanged();
    this.chain.extend(routing.route.plan);
    this.onRequest();
  }

  /** The route itself answers, or an endpoint does: of the route's cluster, or of one that a policy chose. */
  private onAdmitted({ answer }: Route): void {
    if (answer === null || this.request.cluster !== null) {
      this.stage = "upstream";
      this.requestFlow.onAdmitted();
      if (!this.exchange.isFinished) this.exchange.proceed();
      return;
    }
    if (!admitAgain(this.exchange, this.routing.route)) return;
    const { authority, path, query } = this.request;
    const scheme = clientScheme(this.exchange.head, this.exchange.client.side);
    let draft: ResponseDraft;
    try {
      draft = draftAnswer(answer, { scheme, authority, path, query });
    } catch (error) {
      this.exchange.fail(toProxyError(error, "answer request"));
      return;
    }
    this.onLocalReply(draft);
  }

  // --- for the run

  policyContext(): string {
    return contextText(this.exchange, this.request);
  }

  addBodyStage(side: "q" | "s", policy: Policy, spec: StageSpec): boolean {
    if (!this.isAt(side, policy)) {
      throw new HostCallError("InvalidStateError", "Cannot change the body: it has gone on its way");
    }
    const isAdded = this.bodies.addStage(side, policy, spec);
    this.onBodyReplaced();
    return isAdded;
  }

  isAt(side: "q" | "s", policy: Policy): boolean {
    return this.stage === (side === "q" ? "request" : "response") && this.phase?.isAt(policy) === true;
  }

  readBody(side: "q" | "s", policy: Policy): Promise<Uint8Array> | Uint8Array {
    return readBody(this, side, policy);
  }

  arrivedText(side: "q" | "s", policy: Policy): string | null {
    return arrivedText(this, side, policy);
  }

  onBodyReplaced(): void {
    this.phase?.refresh();
  }

  // --- end

  get logs(): boolean {
    return this.chain.plan.onLog.length > 0;
  }

  /** Tells those that observe; nobody waits for them. */
  log(record: object): void {
    const payload = JSON.stringify(record);
    for (const policy of this.chain.plan.onLog) this.run.sendLog(policy, payload);
  }

  /** @param because empty when the exchange ended well */
  end(because: string): void {
    this.phase?.cancel();
    this.bodies.end(this.exchange.client);
    this.requestFlow.end();
    this.responseFlow?.end();
    this.run.end(because);
  }

  private begin(
    name: Extract<PhaseName, "onRequest" | "onUpstream" | "onResponse">,
    policies: readonly Policy[],
    draft: RequestDraft | ResponseDraft,
  ): void {
    this.phase = new HeadPhase(this.run, name, policies, draft, this.preface(), this);
    this.phase.next();
  }

  /** What stands before the fields that a guest may change. */
  private preface(): string {
    const { exchange } = this;
    const changes = this.stagesAtHand?.changeBody === true;
    if (this.stage === "request")
      return requestPreface(exchange, this.request, changes) + clientIdLine(exchange);
    if (this.stage === "upstream") return attemptPreface(exchange, this.attempt, this.bodies.isCoded("q"));
    return responsePreface(this.response!, exchange.attempts, this.responseLength, changes);
  }
}
