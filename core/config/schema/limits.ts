/** How much may be under way at a cluster at once, in `sluice.yaml`. */
import { countBounds, optionalCountBounds } from "../bounds.ts";
import { defaultConcurrency } from "../traffic-defaults.ts";
import { Type } from "./builder.ts";
import { closed, count, expected } from "./terms.ts";

const adaptive = Type.Object(
  {
    least: count(countBounds, {
      description: "Requests at once that the cluster always gets.",
      default: defaultConcurrency.least,
    }),
    most: count(countBounds, {
      description: "Requests at once that it gets at most.",
      default: defaultConcurrency.most,
    }),
    tolerance: Type.Optional(
      Type.Number({
        minimum: 1.1,
        maximum: 10,
        description: "How many times the latency without a queue is still no queue.",
        default: defaultConcurrency.tolerance,
        ...expected("a number from 1.1 to 10"),
      }),
    ),
  },
  closed,
);

/** Of a cluster, over all of its endpoints and all reactors. */
export const clusterLimits = {
  maxRequests: count(countBounds, {
    description:
      "Requests in flight over all endpoints and reactors; one more is answered 503. Default: any number.",
  }),
  maxRetries: count(optionalCountBounds, {
    description:
      "Requests in flight that were sent again, over all endpoints and reactors; further ones are not sent again. Default: any number.",
  }),
  concurrency: Type.Optional(
    Type.Object(
      {
        adaptive: Type.Union([Type.Boolean(), adaptive], {
          description:
            "As many requests at once as the latency shows that the cluster can do; the rest is answered 503, the least important first.",
        }),
      },
      { description: "A limit on requests at once that is found out. Default: none.", ...closed },
    ),
  ),
};
