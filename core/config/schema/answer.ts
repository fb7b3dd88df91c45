/** What becomes of a route's requests, where it is not one cluster: the shapes in `sluice.yaml`. */
import { delayBounds } from "../bounds.ts";
import { defaultRedirect, defaultRespond, defaultSplitCookie } from "../route-defaults.ts";
import { type Static, Type } from "./builder.ts";
import { closed, count, duration, expected, flag, text } from "./terms.ts";

const name = (what: string) => Type.String({ minLength: 1, ...expected(`the name of a ${what}`) });

const splitKey = Type.Union(
  [
    Type.Literal("random"),
    Type.Literal("client-address"),
    Type.Object({ header: name("field") }, closed),
    Type.Object(
      {
        cookie: name("cookie"),
        path: text("a path", { description: "Its path.", default: defaultSplitCookie.path }),
        ttl: duration(defaultSplitCookie.ttl, delayBounds, "How long browsers keep it; 0: until they end."),
      },
      closed,
    ),
  ],
  {
    description:
      "What a request is assigned by: the same key goes to the same cluster. A client without the cookie is given one; other requests without a key are assigned at random.",
    default: "random",
    ...expected('"random", "client-address", { header: NAME } or { cookie: NAME, path, ttl }'),
  },
);

export const split = Type.Object(
  {
    clusters: Type.Record(Type.String(), Type.Integer({ minimum: 0, maximum: 10_000 }), {
      description: "Name to weight. A weight that changes moves no more keys than it must.",
    }),
    by: Type.Optional(splitKey),
    seed: text("a text", {
      description:
        "Splits with the same seed assign the same key alike; with another one independently. Default: none.",
    }),
  },
  { description: "In place of cluster: several that share the requests by weight.", ...closed },
);

export const rewrite = Type.Union(
  [Type.Object({ prefix: Type.String() }, closed), Type.Object({ path: Type.String() }, closed)],
  {
    description:
      "The path that goes upstream: { prefix } in the place of the prefix that matched, or { path }, which may hold the {names} of the template that matched. The query stays.",
    ...expected('{ prefix: "/v2" } or { path: "/people/{id}" }'),
  },
);

export const redirect = Type.Object(
  {
    status: Type.Optional(
      Type.Enum([301, 302, 303, 307, 308], {
        description: "307 and 308 keep the method.",
        default: defaultRedirect.status,
      }),
    ),
    scheme: Type.Optional(Type.Enum(["http", "https"], { description: "Default: that of the request." })),
    host: text("a host", { description: "Without port. Default: that of the request." }),
    port: count(
      { min: 1, max: 65_535 },
      { description: "Default: the scheme's where scheme or host is given, else that of the request." },
    ),
    path: text("a path", { description: "May hold the {names} of the template that matched." }),
    prefix: text("a path", { description: "In the place of the prefix that matched." }),
    keepQuery: flag({ description: "Whether the query goes along.", default: defaultRedirect.keepQuery }),
  },
  { description: "In place of cluster: another URL for the client to go to.", ...closed },
);

export const respond = Type.Object(
  {
    status: count({ min: 200, max: 599 }, { description: "Its status.", default: defaultRespond.status }),
    headers: Type.Optional(
      Type.Record(Type.String(), Type.String(), { description: "Fields by name, beside Content-Type." }),
    ),
    body: Type.Optional(Type.String({ description: "Its body: text/plain unless a header says otherwise." })),
    json: Type.Optional(Type.Unknown({ description: "Its body as JSON, in place of body." })),
  },
  { description: "In place of cluster: a response that is always the same.", ...closed },
);

export type SplitInFile = Static<typeof split>;
export type RedirectInFile = Static<typeof redirect>;
export type RespondInFile = Static<typeof respond>;
export type RewriteInFile = Static<typeof rewrite>;
