import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { field } from "../../support/message.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

const config = {
  from: { path: "/v{version}", header: "x-v", accept: "version" },
  default: "2",
  responseHeader: "x-served",
  versions: {
    "0": { retired: true, info: "https://example.com/v0" },
    "1": {
      path: "/old",
      deprecated: "2025-01-01",
      sunset: "2099-06-30T12:00:00Z",
      info: "https://example.com/versions",
      successor: "/v2",
    },
    "2": { path: "" },
  },
};

const echo = (request: Request) => {
  const asked = {
    url: request.url.replace("http://localhost", ""),
    version: request.headers.get("x-api-version"),
  };
  return Response.json(asked, { headers: { vary: "Accept-Encoding" } });
};

onEachEngine("a request goes to its version, and the service is told", async (t, engine) => {
  await using gateway = await testGateway({ plugins: [["api-version", config]], upstream: echo, engine });
  const asked = async (path: string, headers: Record<string, string> = {}) =>
    (await gateway.fetch(path, { headers })).json();
  t.same(await asked("/v1/a?b=1"), { url: "/old/a?b=1", version: "1" });
  t.same(await asked("/v2/a"), { url: "/a", version: "2" });
  t.same(await asked("/a"), { url: "/a", version: "2" });
  t.same(await asked("/a", { "x-v": "1" }), { url: "/old/a", version: "1" });
  t.same(
    await asked("/a", { "x-api-version": "root" }),
    { url: "/a", version: "2" },
    "a client does not say it",
  );
  t.same(gateway.faults, []);
});

onEachEngine("clients of a version that ends are told so, and others are not", async (t, engine) => {
  await using gateway = await testGateway({ plugins: [["api-version", config]], upstream: echo, engine });
  const { headers } = await gateway.fetch("/v1/a");
  t.equal(headers.get("deprecation"), "@1735689600");
  t.equal(headers.get("sunset"), "Tue, 30 Jun 2099 12:00:00 GMT");
  t.equal(
    headers.get("link"),
    '<https://example.com/versions>; rel="deprecation", <https://example.com/versions>; rel="sunset", </v2>; rel="successor-version"',
  );
  t.equal(headers.get("vary"), "Accept-Encoding, x-v, accept");
  t.equal(headers.get("x-served"), "1");
  const other = await gateway.fetch("/v2/a");
  for (const name of ["deprecation", "sunset", "link"]) t.equal(other.headers.get(name), null, name);
  t.equal(other.headers.get("vary"), "Accept-Encoding, x-v, accept");
});

onEachEngine("what the service says of its end stays", async (t, engine) => {
  const upstream = () =>
    new Response("", { headers: { deprecation: "@1", sunset: "Thu, 01 Jan 2026 00:00:00 GMT" } });
  await using gateway = await testGateway({ plugins: [["api-version", config]], upstream, engine });
  const { headers } = await gateway.fetch("/v1/a");
  t.equal(headers.get("deprecation"), "@1");
  t.equal(headers.get("sunset"), "Thu, 01 Jan 2026 00:00:00 GMT");
});

onEachEngine("versions that are retired, unknown, missing or two are refused", async (t, engine) => {
  const { default: _, ...strict } = config;
  const plugins: [string, unknown][] = [["api-version", { ...strict, unknown: 406 }]];
  await using gateway = await testGateway({ plugins, upstream: echo, engine });
  const refused = async (path: string, headers: Record<string, string>, status: number, code: string) => {
    const response = await gateway.fetch(path, { headers });
    t.equal(response.status, status, code);
    t.equal(response.headers.get("content-type"), "application/problem+json");
    const problem = (await response.json()) as Record<string, unknown>;
    t.match(problem, { status, code });
    return { response, problem };
  };
  const { response, problem } = await refused("/v0/a", {}, 410, "api_version_retired");
  t.equal(response.headers.get("link"), '<https://example.com/v0>; rel="sunset"');
  t.same(problem["supported"], ["1", "2"]);
  await refused("/v9/a", {}, 406, "api_version_unknown");
  await refused("/a", {}, 400, "api_version_missing");
  await refused("/v1/a", { "x-v": "2" }, 400, "api_version_conflict");
  await refused("/v2//evil.example/", {}, 400, "api_version_path");
  t.same(gateway.faults, []);
});

onEachEngine("a config that cannot be followed is refused when it is loaded", async (t, engine) => {
  const refused = (change: object, message: RegExp) =>
    t.rejects(testGateway({ plugins: [["api-version", { ...config, ...change }]], engine }), { message });
  await refused({ from: {} }, /from/);
  await refused({ from: { path: "/v" } }, /must match/);
  await refused({ default: "9" }, /there is no version 9/);
  await refused({ versions: { "2": { successor: '/a>; rel="x' } } }, /must match/);
  await refused({ versions: { "2": { path: "/a b" } } }, /must match/);
  await refused({ versions: { "2": { path: "/a/../b" } } }, /must match/);
});

t.test("a real client of an old version is sent there and told", async (t) => {
  const service = await startUpstream(t, ({ startLine }) => ok("", `X-Got: ${startLine}`));
  const { ask } = await startBuiltInGateway(t, service.address, [{ plugin: "api-version", config }]);
  const response = await ask(get("/v1/a?b"));
  t.equal(field(response, "x-got"), "GET /old/a?b HTTP/1.1");
  t.equal(field(response, "deprecation"), "@1735689600");
  t.equal((await ask(get("/v0"))).status, 410);
});
