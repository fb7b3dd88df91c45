import type { Identity } from "sluice/sdk";

/** An identity that nobody can change: it is told to others without being written anew for each request. */
export function frozenIdentity(identity: Identity): Identity {
  freeze(identity);
  return identity;
}

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const part of Object.values(value)) freeze(part);
  Object.freeze(value);
}
