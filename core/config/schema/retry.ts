/** The shape of what a route does with attempts that failed. */
import { delayBounds } from "../bounds.ts";
import { defaultHedge, defaultRetry } from "../traffic-defaults.ts";
import { Type } from "./builder.ts";
import { closed, count, duration, expected, flag, list, size } from "./terms.ts";

const on = Type.Union(
  [
    Type.Enum(["connect", "reset", "timeout", "5xx", "gateway-error", "429"]),
    Type.Integer({ minimum: 400, maximum: 599 }),
  ],
  expected('"connect", "reset", "timeout", "5xx", "gateway-error", "429" or a status from 400 to 599'),
);

const hedge = Type.Object(
  {
    percentile: Type.Optional(
      Type.Number({
        ...{ minimum: 0.5, maximum: 0.9999 },
        description: "Share of the cluster's latest requests that had their response head by then.",
        default: defaultHedge.percentile,
        ...expected("a number from 0.5 to 0.9999"),
      }),
    ),
    least: duration(defaultHedge.least, delayBounds, "It waits at least this long."),
  },
  closed,
);

const settings = Type.Object(
  {
    attempts: count(
      { min: 0, max: 10 },
      {
        description: "Attempts after the first one.",
        default: defaultRetry.attempts,
      },
    ),
    on: list(on, {
      description:
        "What is tried again: no connection, one that broke off before the response, no response head in time, or a status (gateway-error: 502, 503, 504).",
      default: defaultRetry.on,
    }),
    anyMethod: flag({
      description:
        "Send requests again that are not idempotent too. Without it that needs an Idempotency-Key, or a request that surely did not arrive.",
      default: defaultRetry.anyMethod,
    }),
    perTry: duration(
      defaultRetry.perTry,
      delayBounds,
      "For one attempt, until its response head; 0: no limit of its own.",
    ),
    backoff: Type.Optional(
      Type.Object(
        {
          base: duration(defaultRetry.backoff.base, delayBounds, "It doubles with each attempt."),
          longest: duration(defaultRetry.backoff.longest, delayBounds, "At most."),
        },
        { description: "The pause before an attempt is drawn from 0 to this.", ...closed },
      ),
    ),
    replay: size(
      defaultRetry.replay,
      { min: 0, max: 16 * 1024 * 1024 },
      "Request body that is kept for another attempt; requests with more are not sent again.",
    ),
    hedge: Type.Optional(
      Type.Union([Type.Literal(false), hedge], {
        description:
          "Send a second attempt to another endpoint when the first one takes long; the first answer counts. Only what may be sent again, and within the budget of retries.",
        default: false,
        ...expected('false or a map such as { percentile: 0.95, least: "10ms" }'),
      }),
    ),
  },
  closed,
);

export const retry = Type.Union([Type.Literal(false), settings], {
  description: "Attempts that failed are made again, at another endpoint; false: they are not.",
});
