/**
 * The host of an authority as routes compare it: without the port, and in lower case. Else a client would choose among names
 * that lead to one route, and only one of them would be the one that a rule names.
 *
 * @example
 * hostOf("Example.com:8080"); // "example.com"
 */
export function hostOf(authority: string): string {
  return authority.replace(/:[0-9]*$/, "").toLowerCase();
}
