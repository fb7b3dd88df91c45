/** What built-in policies count of requests; those with tests of their own for it are rate-limit, cache, breaker, and auth's reasons. */
import { gzipSync } from "node:zlib";
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { type TestUpstream, testGateway } from "../../core/testing/index.ts";
import { onEachEngine } from "../support/each-engine.ts";

t.teardown(stopBundler);

interface Case {
  readonly plugin: string;
  readonly config?: object;
  readonly upstream?: TestUpstream;
  readonly ask: readonly (readonly [path: string, init?: RequestInit])[];
  readonly counts: Readonly<Record<string, number>>;
}

const json = { "content-type": "application/json" };
const post = (body: NonNullable<RequestInit["body"]>, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  body,
  headers,
});
const page = () => new Response("x".repeat(4000), { headers: { "content-type": "text/html" } });

const cases: readonly Case[] = [
  {
    plugin: "access",
    config: { deny: [{ methods: ["DELETE"] }], body: { maxSize: 3 } },
    ask: [
      ["/", { method: "DELETE" }],
      ["/", post("1234")],
      ["/", post("123")],
    ],
    counts: { refused: 1, bodies_refused: 1 },
  },
  {
    plugin: "api-version",
    config: {
      from: { path: "/v{version}" },
      versions: { "0": { retired: true }, "1": { deprecated: "2020-01-01" }, "2": {} },
    },
    ask: [["/v0/a"], ["/v1/a"], ["/v2/a"], ["/v3/a"], ["/a"]],
    counts: { deprecated_requests: 1, refused_retired: 1, refused_unknown: 1, refused_missing: 1 },
  },
  {
    plugin: "auth",
    config: {
      strategies: [
        {
          type: "api-key",
          allowPlain: true,
          keys: [
            { key: "plain:one", subject: "a", scopes: ["s"] },
            { key: "plain:two", subject: "b" },
          ],
        },
      ],
      requireScopes: ["s"],
    },
    ask: [["/"], ...["one", "two", "three"].map((key) => ["/", { headers: { "x-api-key": key } }] as const)],
    counts: { denied: 2, forbidden: 1, refused_unknown_key: 1 },
  },
  {
    plugin: "body-limit",
    config: { maxSize: 3 },
    ask: [
      ["/", post("1234")],
      ["/", post("123")],
    ],
    counts: { refused: 1 },
  },
  {
    plugin: "compress",
    upstream: page,
    ask: ["gzip", "br", "br", "identity"].map(
      (coding) => ["/", { headers: { "accept-encoding": coding } }] as const,
    ),
    counts: { encoded_gzip: 1, encoded_br: 2, encoded_zstd: 0, left_busy: 0 },
  },
  {
    plugin: "cors",
    config: { origins: ["https://a.example"] },
    ask: ["https://a.example", "https://b.example", "https://c.example"].map((origin) => [
      "/",
      { method: "OPTIONS", headers: { origin, "access-control-request-method": "GET" } },
    ]),
    counts: { preflights: 1, preflights_refused: 2 },
  },
  {
    plugin: "csrf",
    config: { tokens: { secrets: ["0123456789abcdef0123456789abcdef"] } },
    ask: [
      ["/", { method: "POST", headers: { origin: "https://evil.example" } }],
      ["/", { method: "POST" }],
      ["/"],
    ],
    counts: { refused: 1, tokens_refused: 1 },
  },
  {
    plugin: "decompress",
    config: { responses: "decode" },
    upstream: () => new Response(gzipSync("hello"), { headers: { "content-encoding": "gzip" } }),
    ask: [
      ["/", post(gzipSync("a"), { "content-encoding": "gzip" })],
      ["/", post("a", { "content-encoding": "odd" })],
    ],
    counts: { requests_decoded: 1, requests_refused: 1, responses_decoded: 1, requests_refused_busy: 0 },
  },
  {
    plugin: "mock",
    config: { unknown: "refuse", responses: [{ when: { path: "/a" } }] },
    ask: [["/a"], ["/b"], ["/a", { headers: { prefer: "code=418" } }]],
    counts: { answered: 1, refused_unknown: 1, refused_preference: 1 },
  },
  {
    plugin: "request-id",
    config: { header: "x-own-id" },
    ask: [["/"], ["/", { headers: { "x-own-id": "mine" } }]],
    counts: { replaced: 1 },
  },
  {
    plugin: "transform",
    config: {
      request: [{ json: [{ op: "remove", path: "/a" }] }],
      response: [{ json: [{ op: "remove", path: "/a" }] }],
    },
    upstream: (request: Request) =>
      new Response(new URL(request.url).pathname === "/good" ? "{}" : "{", { headers: json }),
    ask: [["/good", post("{}", json)], ["/good", post("{", json)], ["/bad"]],
    counts: { requests_refused: 1, responses_refused: 1 },
  },
  ...(["enforce", "report"] as const).map((mode) => ({
    plugin: "validate",
    config: { schema: { type: "object" }, responses: true, mode },
    upstream: () => Response.json([]),
    ask: [["/", post("[]", json)], ["/"]] as const,
    counts:
      mode === "enforce"
        ? { requests_refused: 1, responses_refused: 1, requests_reported: 0 }
        : { requests_reported: 1, responses_reported: 2, requests_refused: 0 },
  })),
];

for (const { plugin, config = {}, upstream = () => new Response("here"), ask, counts } of cases) {
  onEachEngine(`${plugin} counts ${Object.keys(counts).join(", ")}`, async (t, engine) => {
    await using gateway = await testGateway({ plugins: [[plugin, config]], upstream, engine });
    for (const [path, init] of ask) await (await gateway.fetch(path, init)).text();
    for (const [name, count] of Object.entries(counts)) t.equal(gateway.metrics.counter(name), count, name);
    t.same(gateway.faults, []);
  });
}
