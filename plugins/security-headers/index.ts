/** Response fields that make browsers careful (https://owasp.org/www-project-secure-headers). */
import { definePlugin } from "sluice/sdk";
import { applyRules } from "./apply.ts";
import { schema } from "./config.ts";
import { type Rules, rulesOf } from "./rules.ts";

const rules = new WeakMap<object, Rules>();

export default definePlugin({
  description: "Sets the response fields that make browsers careful, where the service did not",
  config: schema,
  setup(config) {
    rules.set(config, rulesOf(config));
  },
  onResponse(response, { config }) {
    applyRules(response.headers, rules.get(config)!, response.url.startsWith("https:"));
  },
});
