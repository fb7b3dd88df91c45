import { hasFrameAncestors, withoutFrameAncestors } from "./content-policy.ts";
import type { Framing, Rules } from "./rules.ts";

/** As much of a response's fields as is used. */
export interface Fields {
  get(name: string): string | null;
  has(name: string): boolean;
  set(name: string, value: string): void;
  append(name: string, value: string): void;
  delete(name: string): void;
}

const contentPolicy = "content-security-policy";
const frameOptions = "x-frame-options";
const transport = "strict-transport-security";

/**
 * Puts the rules on a response. What the service said of a matter itself stands, unless the rules override.
 *
 * @param isSecure whether the client came over https
 */
export function applyRules(fields: Fields, rules: Rules, isSecure: boolean): void {
  for (const name of rules.remove) fields.delete(name);
  for (const { name, value } of rules.fields) setUnlessThere(fields, name, value, rules.override);
  // RFC 6797 section 7.2: not over http.
  if (rules.transport !== null && isSecure) {
    setUnlessThere(fields, transport, rules.transport, rules.override);
  }
  if (rules.override) overrideFraming(fields, rules);
  else addFraming(fields, rules);
}

function setUnlessThere(fields: Fields, name: string, value: string, override: boolean): void {
  if (override || !fields.has(name)) fields.set(name, value);
}

/**
 * Browsers leave X-Frame-Options aside where there is frame-ancestors (CSP level 3 section 6.4.2.2), so a directive
 * beside the service's own field would undo what the service said with it.
 */
function addFraming(fields: Fields, { framing, policy }: Rules): void {
  const found = fields.get(contentPolicy);
  const isFramed = fields.has(frameOptions) || hasFrameAncestors(found);
  const directive = framing === null || isFramed ? null : framing.directive;
  if (found === null) {
    const value = joined(isFramed && policy !== null ? withoutFrameAncestors(policy) : policy, directive);
    if (value !== "") fields.set(contentPolicy, value);
  } else if (directive !== null) {
    // A second policy holds beside the first: it can only forbid more.
    fields.append(contentPolicy, directive);
  }
  if (framing !== null && !isFramed) setOption(fields, framing);
}

function overrideFraming(fields: Fields, { framing, policy }: Rules): void {
  if (framing === null) {
    if (policy !== null) fields.set(contentPolicy, policy);
    return;
  }
  const found = policy === null ? fields.get(contentPolicy) : null;
  const others = found === null ? null : withoutFrameAncestors(found);
  fields.set(contentPolicy, others ? `${others}, ${framing.directive}` : joined(policy, framing.directive));
  fields.delete(frameOptions);
  setOption(fields, framing);
}

function setOption(fields: Fields, { option }: Framing): void {
  if (option !== null) fields.set(frameOptions, option);
}

/** One policy of both; empty when there is neither. */
function joined(policy: string | null, directive: string | null): string {
  if (!policy || directive === null) return policy || (directive ?? "");
  return `${policy.replace(/[\s;]+$/, "")}; ${directive}`;
}
