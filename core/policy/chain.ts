/** The policies of one request: those of its route, and of routes that they send it to. */
import type { PhaseName } from "../../sdk/runtime/message.ts";
import { noPlan, planRoute, type RoutePlan } from "./plan.ts";
import type { Policy } from "./policy.ts";

export class PolicyChain {
  /** That of the route at hand, and whatever the request has passed on others. */
  plan: RoutePlan;
  /** Whether no endpoint answers: then only those that the request has passed see the response. */
  isLocal = false;
  private passed: readonly Policy[] = [];

  /** @param plan null: the route has no policies */
  constructor(plan: RoutePlan | null) {
    this.plan = plan ?? noPlan;
  }

  /** The chain of a request that begins at a policy: those before it are not asked. */
  from(policy: Policy): PolicyChain {
    const { policies } = this.plan;
    return new PolicyChain(planRoute(policies.slice(policies.indexOf(policy))));
  }

  // --- to the endpoint

  /** Whose `onRequest` is still to come. */
  get ahead(): readonly Policy[] {
    const { onRequest } = this.plan;
    return this.passed.length === 0 ? onRequest : onRequest.filter((policy) => !this.passed.includes(policy));
  }

  /** @param until the one that answers: the request has passed those before it; null: all of them */
  pass(until: Policy | null): void {
    const { policies } = this.plan;
    const now = until === null ? policies : policies.slice(0, policies.indexOf(until));
    // Most requests stay on their route.
    if (this.passed.length === 0) this.passed = now;
    else this.passed = [...this.passed, ...now.filter((policy) => !this.passed.includes(policy))];
  }

  /** The request goes on by another route: its policies are still to come, and those it has passed see the response too. */
  extend(plan: RoutePlan | null): void {
    const own = plan ?? noPlan;
    const others = this.passed.filter((policy) => !own.policies.includes(policy));
    this.plan = others.length === 0 ? own : planRoute([...others, ...own.policies])!;
  }

  // --- to the client: the last one to see the request is the first one to see its response

  /** All of them, whatever they look at. */
  get backwards(): readonly Policy[] {
    return [...(this.isLocal ? this.passed : this.plan.policies)].reverse();
  }

  get onResponse(): readonly Policy[] {
    return this.isLocal ? this.passedBackwards("onResponse") : this.plan.onResponse;
  }

  get onResponseBody(): readonly Policy[] {
    return this.isLocal ? this.passedBackwards("onResponseBody") : this.plan.onResponseBody;
  }

  /** Whether one of those that the request has passed looks at responses. */
  get seesLocalReply(): boolean {
    return this.passed.some(({ phases }) => phases.has("onResponse") || phases.has("onResponseBody"));
  }

  private passedBackwards(phase: PhaseName): readonly Policy[] {
    return this.passed.filter(({ phases }) => phases.has(phase)).reverse();
  }
}
