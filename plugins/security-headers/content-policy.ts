/** Content-Security-Policy, as far as it says who may show a page in a frame. */

const framing = "frame-ancestors";

/**
 * Whether any policy of the field names frame-ancestors. Several are separated by commas, their directives by
 * semicolons (CSP level 3 section 2.2.1).
 *
 * @param value of all fields of the name, joined; null: there is none
 * @example
 * hasFrameAncestors("default-src 'self'; frame-ancestors 'none'"); // true
 */
export function hasFrameAncestors(value: string | null): boolean {
  return value?.split(/[,;]/).some(isFraming) ?? false;
}

/** Without what it says of frames; empty when it says nothing else. */
export function withoutFrameAncestors(value: string): string {
  const policies = value.split(",").map((policy) =>
    policy
      .split(";")
      .filter((directive) => !isFraming(directive))
      .map((directive) => directive.trim())
      .filter((directive) => directive !== "")
      .join("; "),
  );
  return policies.filter((policy) => policy !== "").join(", ");
}

/** Names of directives are compared without regard to case. */
function isFraming(directive: string): boolean {
  return /^\s*(\S*)/.exec(directive)![1]!.toLowerCase() === framing;
}
