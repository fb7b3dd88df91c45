/** What a guest wants done with the exchange at hand, and how the proxy reads a URL that it is to get. */
import { HostOp } from "../../../sdk/runtime/host-op.ts";
import { HostCallError } from "../../sandbox/host/error.ts";
import type { ServicePart } from "../../sandbox/host/services.ts";
import type { Target } from "../../wire/target.ts";
import { editedTarget } from "../edited-target.ts";
import type { GuestFacts } from "../guest/services.ts";
import type { GuestExchange } from "../guest/slots.ts";
import { MalformedOutcome } from "../malformed-outcome.ts";

export function exchangeOperations(facts: GuestFacts): ServicePart {
  const demand = (slot: string, what: string): GuestExchange => {
    const exchange = facts.exchangeOf(Number(slot));
    if (exchange !== null) return exchange;
    throw new HostCallError("InvalidStateError", `Cannot ${what}: the exchange is over`);
  };
  return {
    handlers: {
      [HostOp.keepGoing](text) {
        // Over is as good as finished.
        facts.exchangeOf(Number(text))?.owner.keepGoing();
        return "";
      },
      [HostOp.readTarget](text) {
        const { authority, path, query } = readTarget(text);
        return `${authority ?? ""} ${path}${query}`;
      },
      [HostOp.refresh](text) {
        const { owner, policy } = demand(text, "refresh");
        return owner.refresh(policy) ? "1" : "0";
      },
    },
  };
}

function readTarget(text: string): Target {
  try {
    return editedTarget(text);
  } catch (error) {
    if (!(error instanceof MalformedOutcome)) throw error;
    throw new HostCallError("TypeError", error.message);
  }
}
