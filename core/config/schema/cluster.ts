/** The shape of a cluster in `sluice.yaml`. */
import { countBounds, delayBounds, optionalCountBounds, timeoutBounds, weightBounds } from "../bounds.ts";
import { defaultCluster, defaultClusterTimeouts } from "../defaults.ts";
import { endpointExpected } from "../endpoint.ts";
import {
  defaultFailover,
  defaultHealthCheck,
  defaultOutlier,
  defaultRetryBudget,
  defaultSticky,
  defaultTraffic,
} from "../traffic-defaults.ts";
import { Type } from "./builder.ts";
import { discovery } from "./discovery.ts";
import { clusterLimits } from "./limits.ts";
import { closed, count, duration, expected, flag, list, share, text } from "./terms.ts";

const weightedEndpoint = Type.Object(
  {
    url: Type.String(expected(endpointExpected)),
    weight: count(weightBounds, { description: "Share of the requests, beside the others.", default: 1 }),
    zone: text("the name of a zone", { description: "Where it runs." }),
    priority: count(
      { min: 0, max: 15 },
      {
        description: "0 is asked first; the next one takes over what the ones before cannot carry.",
        default: 0,
      },
    ),
  },
  closed,
);

const endpoint = Type.Union([Type.String(), weightedEndpoint], {
  description: `Expected ${endpointExpected}; or { url, weight, zone, priority }.`,
});

export const clusterTls = Type.Object(
  {
    verify: flag({ description: "Verify the endpoint's certificate.", default: true }),
    ca: text("the path of a PEM file", { description: "Authorities to trust. Default: the system's." }),
    serverName: text("a server name", {
      description: "Name to send and verify. Default: the endpoint's host.",
    }),
    cert: text("the path of a PEM file", { description: "Client certificate." }),
    key: text("the path of a PEM file", { description: "Key of the client certificate." }),
  },
  { description: "TLS towards https endpoints.", ...closed },
);

const clusterTimeouts = Type.Object(
  {
    connect: duration(defaultClusterTimeouts.connect, timeoutBounds, "To open a connection (504)."),
    pending: duration(defaultClusterTimeouts.pending, timeoutBounds, "To wait for a free connection (503)."),
    responseHead: duration(
      defaultClusterTimeouts.responseHead,
      timeoutBounds,
      "From the last byte of a request to the head of its response (504).",
    ),
    responseIdle: duration(
      defaultClusterTimeouts.responseIdle,
      timeoutBounds,
      "Between two reads of a response body.",
    ),
    poolIdle: duration(
      defaultClusterTimeouts.poolIdle,
      timeoutBounds,
      "An unused connection is kept; a shorter Keep-Alive of the endpoint wins.",
    ),
  },
  closed,
);

const name = (what: string) => Type.String({ minLength: 1, ...expected(`the name of a ${what}`) });

const hashOn = Type.Union(
  [
    Type.Literal("client-address"),
    Type.Literal("policy"),
    Type.Object({ header: name("field") }, closed),
    Type.Object({ cookie: name("cookie") }, closed),
  ],
  {
    description: "What ring-hash and maglev hash; requests without it are spread at random.",
    ...expected('"client-address", "policy", { header: NAME } or { cookie: NAME }'),
  },
);

const sticky = Type.Object(
  {
    cookie: text("the name of a cookie", { description: "Its name.", default: defaultSticky.cookie }),
    path: text("a path", { description: "Its path.", default: defaultSticky.path }),
    ttl: duration(defaultSticky.ttl, delayBounds, "How long browsers keep it; 0: until they end."),
    key: text("a text", {
      description:
        "Secret that its tokens are made with, the same in every proxy of the cluster. Default: the cluster's name; who knows that can try out addresses against a token.",
    }),
  },
  {
    description: "A cookie that leads clients back to their endpoint, while that one is healthy.",
    ...closed,
  },
);

const failover = Type.Object(
  {
    zone: text("the name of a zone", {
      description:
        "Where this proxy runs: endpoints of the same zone come first. Default: zones mean nothing.",
    }),
    enough: share(
      defaultFailover.enough,
      "Healthy share at which a priority, or the own zone, carries all of its load.",
    ),
    panic: share(defaultFailover.panic, "Healthy share below which health is ignored."),
  },
  { description: "When other priorities and zones get requests.", ...closed },
);

const status = Type.Union(
  [Type.Integer({ minimum: 100, maximum: 599 }), Type.String({ pattern: "^[1-5][0-9]{2}-[1-5][0-9]{2}$" })],
  {
    description: "A status, or a range of them.",
    ...expected('a status such as 200, or a range such as "200-299"'),
  },
);

const health = Type.Object(
  {
    path: text("a path", { description: "Asked for by GET.", default: defaultHealthCheck.http.path }),
    host: text("a host", { description: "Authority to ask for. Default: the endpoint's." }),
    status: list(status, { description: "Good statuses.", default: ["200-299"] }),
    body: text("a text", { description: "What the first 64 KiB of the body must hold. Default: anything." }),
    tcp: flag({ description: "A connection is enough; nothing is asked.", default: false }),
    interval: duration(defaultHealthCheck.interval, timeoutBounds, "Between two checks."),
    unhealthyInterval: duration(
      defaultHealthCheck.unhealthyInterval,
      timeoutBounds,
      "Between two checks of an endpoint that is unhealthy or in doubt.",
    ),
    jitter: share(defaultHealthCheck.jitter, "Share of the interval by which checks move at random."),
    timeout: duration(defaultHealthCheck.timeout, timeoutBounds, "For one check."),
    healthyAfter: count(
      { min: 1, max: 100 },
      {
        description: "Good checks in a row that make an endpoint healthy.",
        default: defaultHealthCheck.healthyAfter,
      },
    ),
    unhealthyAfter: count(
      { min: 1, max: 100 },
      {
        description: "Bad checks in a row that make it unhealthy.",
        default: defaultHealthCheck.unhealthyAfter,
      },
    ),
  },
  { description: "Active checks. Default: none.", ...closed },
);

/** A number that is no share. */
const ratio = (value: number, max: number, description: string) =>
  Type.Optional(Type.Number({ minimum: 0, maximum: max, description, default: value }));

const outlier = Type.Object(
  {
    consecutiveFailures: count(
      { min: 0, max: 1000 },
      {
        description: "Failures in a row: connect errors, resets, timeouts, 5xx. 0: not looked at.",
        default: defaultOutlier.consecutiveFailures,
      },
    ),
    interval: duration(defaultOutlier.interval, timeoutBounds, "Over which endpoints are compared."),
    successRateDeviations: ratio(
      defaultOutlier.successRateDeviations,
      10,
      "Standard deviations that a success rate may lie below the cluster's. 0: not looked at.",
    ),
    latencyFactor: ratio(
      defaultOutlier.latencyFactor,
      1000,
      "How many times the cluster's median a mean latency may be. 0: not looked at.",
    ),
    minRequests: count(
      { min: 1, max: 1_000_000 },
      {
        description: "Requests in an interval below which an endpoint is not compared.",
        default: defaultOutlier.minRequests,
      },
    ),
    ejection: duration(
      defaultOutlier.ejection,
      timeoutBounds,
      "Of the first time; each further one is that much longer.",
    ),
    longestEjection: duration(defaultOutlier.longestEjection, timeoutBounds, "At most."),
    mostEjected: share(
      defaultOutlier.mostEjected,
      "Share of the endpoints that may be left out at once; one of two or more always may.",
    ),
  },
  closed,
);

const retryBudget = Type.Object(
  {
    ratio: share(defaultRetryBudget.ratio, "Retries for each request, over the last 10 s."),
    minimum: count(
      { min: 0, max: 1000 },
      {
        description: "Retries a second that are allowed without any request.",
        default: defaultRetryBudget.minimum,
      },
    ),
  },
  { description: "How many retries the cluster gets, from all routes.", ...closed },
);

export const cluster = Type.Object(
  {
    endpoints: Type.Optional(Type.Array(endpoint, { minItems: 1, description: "Or discovery." })),
    discovery: Type.Optional(discovery),
    balance: Type.Optional(
      Type.Enum(["round-robin", "least-requests", "ewma", "ring-hash", "maglev"], {
        description:
          "How an endpoint is chosen: in turn, the less busy of two, the faster of two, or by a hash (hashOn).",
        default: defaultTraffic.balance,
      }),
    ),
    hashOn: Type.Optional(hashOn),
    sticky: Type.Optional(sticky),
    slowStart: duration(
      0,
      delayBounds,
      "In which a new endpoint, or one that is back, comes to its full share.",
    ),
    failover: Type.Optional(failover),
    health: Type.Optional(health),
    outlier: Type.Optional(
      Type.Union([Type.Literal(false), outlier], {
        description: "Endpoints that fail real requests are left out for a while; false: they are not.",
      }),
    ),
    retryBudget: Type.Optional(retryBudget),
    reuse: Type.Optional(
      Type.Enum(["always", "verified", "never"], {
        description:
          "Which connections carry more than one request; verified: those of an endpoint that sends X-Request-Id back, so that a late response to an earlier request is never taken for the answer.",
        default: defaultCluster.reuse,
      }),
    ),
    tls: Type.Optional(clusterTls),
    maxConnections: count(countBounds, {
      description: "Connections for each endpoint and reactor.",
      default: defaultCluster.maxConnections,
    }),
    maxPending: count(optionalCountBounds, {
      description:
        "Requests that may wait for a connection, for each endpoint and reactor; one more is answered 503.",
      default: defaultCluster.maxPending,
    }),
    maxIdle: count(optionalCountBounds, {
      description: "Idle connections kept for each endpoint and reactor.",
      default: defaultCluster.maxIdle,
    }),
    ...clusterLimits,
    timeouts: Type.Optional(clusterTimeouts),
  },
  { description: "Endpoints that offer the same service.", ...closed },
);
