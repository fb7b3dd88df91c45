import type { ServicePart } from "../services.ts";
import { createCryptoHost } from "./crypto.ts";

/** `crypto.subtle` for one guest. */
export function cryptoOperations(): ServicePart {
  const host = createCryptoHost();
  return { handlers: Object.fromEntries(host.handlers), dispose: () => host.dispose() };
}
