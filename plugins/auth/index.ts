/** Finds out who sent a request, refuses those that may not, and tells the service who it is. */
import { definePlugin } from "sluice/sdk";
import { schema } from "./config.ts";
import { type Policy, policyOf } from "./policy.ts";

const policies = new WeakMap<object, Policy>();

export default definePlugin({
  description: "Finds out who sends a request, refuses strangers, and tells the service who it is",
  config: schema,
  capabilities: { identity: true, kv: true },
  // Passwords are hashed to be slow.
  limits: { cpu: "100ms", memory: "64MiB" },
  async setup(config, host) {
    policies.set(config, await policyOf(config, host));
  },
  onRequest(request, ctx) {
    return policies.get(ctx.config)!.admit(request, ctx);
  },
  onResponse(response, ctx) {
    policies.get(ctx.config)!.respond(response, ctx);
  },
});
