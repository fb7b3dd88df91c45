import { addressExpected } from "../address.ts";
import { countBounds, delayBounds, limitBounds, maxWorkers, timeoutBounds } from "../bounds.ts";
import {
  defaultAccessLog,
  defaultAdminAddress,
  defaultForwarding,
  defaultLimits,
  defaultListener,
  defaultLog,
  defaultTimeouts,
  defaultWorkers,
} from "../defaults.ts";
import { defaultShedding } from "../traffic-defaults.ts";
import { type Static, Type } from "./builder.ts";
import { cache } from "./cache.ts";
import { cluster } from "./cluster.ts";
import { plugins } from "./plugins.ts";
import { route } from "./route.ts";
import { stores } from "./stores.ts";
import { closed, count, duration, expected, flag, list, size, text } from "./terms.ts";

const address = Type.String(expected(addressExpected));
const file = Type.String({ minLength: 1, ...expected("the path of a PEM file") });

const certificate = Type.Object(
  {
    cert: file,
    key: file,
    hosts: list(Type.String(), {
      description:
        "Server names (SNI) it serves, exact or *.example.com. Default: the names in the certificate.",
    }),
  },
  { description: "PEM files of a certificate chain and its key.", ...closed },
);

const listenerTls = Type.Object(
  {
    certificates: Type.Array(certificate, {
      minItems: 1,
      description: "The first one serves clients that send no server name or an unknown one.",
    }),
    clientCa: text("the path of a PEM file", {
      description: "Authorities that may sign client certificates.",
    }),
    clientCertificate: Type.Optional(
      Type.Enum(["none", "optional", "required"], {
        description: "Whether clients show a certificate. Default: required when clientCa is set.",
      }),
    ),
  },
  closed,
);

const listener = Type.Object(
  {
    address,
    name: text("a name", { description: "Unique name in logs. Default: the address." }),
    tls: Type.Optional(listenerTls),
    maxConnections: count(countBounds, {
      description: "Connections open at once; one more is answered 503.",
      default: defaultListener.maxConnections,
    }),
  },
  { description: "Where clients connect.", ...closed },
);

const limits = Type.Object(
  {
    startLine: size(defaultLimits.startLine, limitBounds.startLine, "Request or status line (414)."),
    head: size(defaultLimits.head, limitBounds.head, "Head with its start line (431)."),
    fields: count(limitBounds.fields, {
      description: "Fields of a head (431).",
      default: defaultLimits.fields,
    }),
    trailers: size(defaultLimits.trailers, limitBounds.trailers, "Trailer section."),
    chunkExtensions: size(
      defaultLimits.chunkExtensions,
      limitBounds.chunkExtensions,
      "Extensions of one chunk.",
    ),
    requestBody: size(defaultLimits.requestBody, limitBounds.requestBody, "Request body (413)."),
  },
  { description: "What a message may measure.", ...closed },
);

const shedding = Type.Object(
  {
    begins: duration(defaultShedding.begins, timeoutBounds, "Lag at which the least important ones go."),
    full: duration(defaultShedding.full, timeoutBounds, "Lag at which hardly any is taken."),
  },
  {
    description:
      "Refuse requests (503 with Retry-After) while the event loop is behind. Default: none is refused.",
    ...closed,
  },
);

const timeouts = Type.Object(
  {
    head: duration(defaultTimeouts.head, timeoutBounds, "To receive a request head (408)."),
    bodyIdle: duration(defaultTimeouts.bodyIdle, timeoutBounds, "Between two reads of a request body (408)."),
    keepAlive: duration(defaultTimeouts.keepAlive, timeoutBounds, "Between a response and the next request."),
    writeIdle: duration(defaultTimeouts.writeIdle, timeoutBounds, "A client reads nothing of its response."),
    tunnelIdle: duration(defaultTimeouts.tunnelIdle, timeoutBounds, "An upgraded connection is silent."),
    drainDelay: duration(defaultTimeouts.drainDelay, delayBounds, "From SIGTERM until listeners close."),
    drainTimeout: duration(
      defaultTimeouts.drainTimeout,
      delayBounds,
      "From then until requests still in flight are cut.",
    ),
  },
  { description: "How long the client's side may take.", ...closed },
);

/** The shape of `sluice.yaml`: the source of its types, its validation and its JSON Schema. */
export const configFile = Type.Object(
  {
    listeners: Type.Optional(
      Type.Array(listener, { minItems: 1, description: `Default: one on ${defaultListener.address}.` }),
    ),
    clusters: Type.Optional(Type.Record(Type.String(), cluster, { description: "Clusters by name." })),
    routes: list(route, { description: "Default: every request goes to the only cluster." }),
    plugins: Type.Optional(plugins),
    cache: Type.Optional(cache),
    stores: Type.Optional(stores),
    limits: Type.Optional(limits),
    timeouts: Type.Optional(timeouts),
    shedding: Type.Optional(shedding),
    trustedProxies: list(Type.String(), {
      description: "Addresses or CIDR blocks whose X-Forwarded-* and X-Request-Id are believed.",
      default: defaultForwarding.trustedProxies,
    }),
    via: text("a name", {
      description:
        "Name in Via, unlike that of any other proxy in the chain. Default: made for each process.",
    }),
    forwarded: flag({
      description: "Also write the Forwarded field (RFC 7239).",
      default: defaultForwarding.forwarded,
    }),
    upgrades: list(Type.String(), {
      description: "Protocols that may upgrade a connection to a tunnel.",
      default: defaultForwarding.upgrades,
    }),
    admin: Type.Optional(
      Type.Union([Type.Object({ address }, closed), Type.Literal(false)], {
        description: "Health, metrics and effective config; false switches it off.",
        default: { address: defaultAdminAddress },
        ...expected('false or { address: "127.0.0.1:9901" }'),
      }),
    ),
    accessLog: flag({ description: "One line for each request.", default: defaultAccessLog.enabled }),
    log: Type.Optional(
      Type.Object(
        {
          level: Type.Optional(
            Type.Enum(["debug", "info", "warn", "error", "silent"], {
              description: "The least severe line to write.",
              default: defaultLog.level,
            }),
          ),
          pretty: flag({ description: "Lines for people instead of JSON.", default: defaultLog.pretty }),
        },
        closed,
      ),
    ),
    workers: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: maxWorkers }), Type.Literal("auto")], {
        description: "Reactors, one thread each; auto: one for each core.",
        default: defaultWorkers,
        ...expected(`a whole number from 1 to ${maxWorkers}, or "auto"`),
      }),
    ),
  },
  { title: "sluice.yaml", ...closed },
);

export type ConfigFile = Static<typeof configFile>;
