import type { Context } from "sluice/sdk";
import type { Exempt } from "./limits.ts";
import { isWithin } from "./network.ts";

/** Whether a request is not limited: by who sends it, never by what it says. */
export function isExempt(
  { networks, subjects, groups }: Exempt,
  { client, identity }: Pick<Context, "client" | "identity">,
): boolean {
  if (networks.length > 0 && isWithin(client.address, networks)) return true;
  if (identity === null) return false;
  return subjects.includes(identity.subject) || groups.some((group) => identity.groups.includes(group));
}
