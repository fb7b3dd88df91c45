/** A route of `sluice.yaml`: which requests it takes, and what becomes of them. */
import { delayBounds } from "../bounds.ts";
import { defaultRouteTimeout } from "../traffic-defaults.ts";
import { redirect, respond, rewrite, split } from "./answer.ts";
import { type Static, Type } from "./builder.ts";
import { deadlineHeader } from "./deadline.ts";
import { fault } from "./fault.ts";
import { conditions } from "./match.ts";
import { mirror } from "./mirror.ts";
import { policy } from "./plugins.ts";
import { priority } from "./priority.ts";
import { retry } from "./retry.ts";
import { closed, duration, expected, list, text } from "./terms.ts";

const pathText = Type.String();

const path = Type.Union(
  [
    pathText,
    Type.Object({ exact: pathText }, closed),
    Type.Object({ prefix: pathText }, closed),
    Type.Object({ template: pathText }, closed),
  ],
  {
    description:
      "A prefix of whole segments (/a matches /a and /a/b, not /ab), a template when it holds {names}, or one of { exact }, { prefix }, { template }.",
    default: "/",
    ...expected('a path such as "/api", "/users/{id}" or { exact: "/healthz" }'),
  },
);

/** An entry of `routes`. */
export const route = Type.Object(
  {
    name: text("a name", {
      description: "Unique name in logs and metrics. Default: its cluster, with a number when that is taken.",
    }),
    host: text("a host name", { description: "example.com, *.example.com, or * for any.", default: "*" }),
    path: Type.Optional(path),
    methods: Type.Optional(Type.Array(Type.String(), { minItems: 1, description: "Default: any." })),
    scheme: Type.Optional(
      Type.Enum(["http", "https"], {
        description: "By which clients come, to a trusted proxy if there is one. Default: either.",
      }),
    ),
    headers: conditions("Fields that must be present: name to value, or to true for any value."),
    query: conditions(
      "Parameters of the query that must be there, decoded; of several with one name the first.",
    ),
    cookies: conditions("Cookies that must be there."),
    cluster: text("the name of a cluster", {
      description: "The cluster that answers; or one of split, redirect and respond.",
    }),
    split: Type.Optional(split),
    redirect: Type.Optional(redirect),
    respond: Type.Optional(respond),
    rewrite: Type.Optional(rewrite),
    timeout: duration(
      defaultRouteTimeout,
      delayBounds,
      "For a request with all its attempts, until the response head (504); 0: as long as its parts may take.",
    ),
    deadlineHeader: Type.Optional(deadlineHeader),
    priority: Type.Optional(priority),
    retry: Type.Optional(retry),
    mirror: Type.Optional(mirror),
    fault: Type.Optional(fault),
    hostHeader: text('"preserve", "upstream" or the text to send', {
      description: "Host sent upstream: preserve (the client's), upstream (the endpoint's), or this text.",
      default: "preserve",
    }),
    policies: list(policy, {
      description:
        "Plugins that the requests pass, in this order; responses pass them in reverse. Default: every plugin of the folder, by file name. []: none.",
    }),
  },
  { description: "Requests and what answers them; the most specific match wins.", ...closed },
);

export type RouteInFile = Static<typeof route>;
