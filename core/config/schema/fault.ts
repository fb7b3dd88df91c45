/** The shape of the faults that a route injects. */
import { faultDelayBounds } from "../bounds.ts";
import { defaultFault } from "../traffic-defaults.ts";
import { Type } from "./builder.ts";
import { closed, count, duration, flag, portion } from "./terms.ts";

const delay = Type.Object(
  {
    share: portion(defaultFault.delay.share, "Of the requests that wait."),
    time: duration(defaultFault.delay.time, faultDelayBounds, "How long they wait."),
  },
  { description: "Requests wait before they go to an endpoint, none of which they occupy.", ...closed },
);

const abort = Type.Object(
  {
    share: portion(defaultFault.abort.share, "Of the requests that are answered like this."),
    status: count({ min: 400, max: 599 }, { description: "Status.", default: defaultFault.abort.status }),
  },
  { description: "Requests are answered here, as a service that fails would answer them.", ...closed },
);

export const fault = Type.Object(
  {
    delay: Type.Optional(delay),
    abort: Type.Optional(abort),
    header: flag({
      description:
        "Whether a request may ask for a fault itself: X-Sluice-Fault-Delay holds a duration, X-Sluice-Fault-Abort a status.",
      default: defaultFault.header,
    }),
  },
  { description: "Faults that are injected on purpose, to see what callers make of them.", ...closed },
);
