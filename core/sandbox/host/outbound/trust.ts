import { createSecureContext, rootCertificates, type SecureContext } from "node:tls";

/** Reading all certificates takes 15 ms on Node, which no connection and no guest should pay for again. */
const contexts = new WeakMap<readonly string[], SecureContext>();

/** What makes a socket trust `ca` besides the certificates of the runtime, as options of `tls.connect`. */
export function trustOptions(ca: readonly string[] | undefined): { secureContext?: SecureContext } {
  if (ca === undefined) return {};
  let context = contexts.get(ca);
  if (context === undefined) {
    context = createSecureContext({ ca: [...rootCertificates, ...ca] });
    contexts.set(ca, context);
  }
  return { secureContext: context };
}
