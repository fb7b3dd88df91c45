import fc from "fast-check";
import t from "tap";
import { choose } from "../../../plugins/api-version/choice.ts";
import { type Config, rulesOf } from "../../../plugins/api-version/versions.ts";

const base = {
  from: { path: "/v{version}", header: "x-v", query: "v", accept: "version", vendor: "acme" },
  versions: { "1": { aliases: ["1.0"], retired: false }, "2": { retired: false }, "0": { retired: true } },
  pins: [],
  pinClaim: "",
  retireAtSunset: false,
  unknown: 400,
  header: "x-api-version",
  responseHeader: "",
} as unknown as Config;

type Fields = Record<string, string>;

function chosen(
  config: object,
  path: string,
  fields: Fields = {},
  who: object | null = null,
  now = 0,
): string {
  const [target = "", query = ""] = path.split("?");
  const headers = { get: (name: string) => fields[name] ?? null };
  const rules = rulesOf({ ...base, ...config } as Config);
  const identity = who === null ? null : { subject: "", groups: [], claims: {}, ...who };
  const choice = choose(rules, { path: target, query: query && `?${query}`, headers }, identity, now);
  return choice.kind === "version" ? `${choice.version.name} ${choice.path}` : choice.kind;
}

t.test("each place says the version", async (t) => {
  t.equal(chosen({}, "/v2/users"), "2 /v2/users");
  t.equal(chosen({}, "/v1.0"), "1 /v1.0");
  t.equal(chosen({}, "/users", { "x-v": " 2 " }), "2 /users");
  t.equal(chosen({}, "/users?v=2"), "2 /users");
  t.equal(chosen({}, "/users", { accept: "application/json; Version=2" }), "2 /users");
  t.equal(chosen({}, "/users", { accept: 'application/json;version="1"' }), "1 /users");
  t.equal(chosen({}, "/users", { accept: "application/vnd.acme.v2+json" }), "2 /users");
  t.equal(chosen({}, "/users", { accept: "text/html, application/vnd.ACME-v1" }), "1 /users");
});

t.test("what looks like a version and is none says nothing", async (t) => {
  for (const path of ["/vault", "/v", "/version", "/users/v2", "/V2"])
    t.equal(chosen({}, path), "missing", path);
  t.equal(chosen({}, "/", { accept: "application/vnd.acme.x+json, application/vnd.acmev2+json" }), "missing");
  t.equal(chosen({}, "/", { "x-v": "" }), "missing");
});

t.test("of several ranges the best one that there is counts", async (t) => {
  const accept = (value: string) => chosen({}, "/", { accept: value });
  t.equal(accept("a/b;version=1;q=0.5, a/b;version=2"), "2 /");
  t.equal(accept("a/b;version=9, a/b;version=1;q=0.1"), "1 /");
  t.equal(accept("a/b;version=1;q=0, a/b;version=2;q=0.1"), "2 /");
  t.equal(accept("a/b;version=9"), "unknown");
});

t.test("two places that agree are one, and two that do not are a conflict", async (t) => {
  t.equal(chosen({}, "/v1/a?v=1.0", { "x-v": "1" }), "1 /v1/a");
  t.equal(chosen({}, "/v1/a?v=2"), "conflict");
  t.equal(chosen({}, "/a?v=1&v=2"), "conflict");
  t.equal(chosen({}, "/a", { "x-v": "1, 2" }), "conflict");
  t.equal(chosen({}, "/v1/a", { "x-v": "9" }), "conflict");
  t.equal(chosen({}, "/v1/a", { accept: "application/vnd.acme.v2+json" }), "conflict");
});

t.test("a client that says nothing has its own version, or the default", async (t) => {
  const config = {
    default: "2",
    pinClaim: "api",
    pins: [
      { subjects: ["old"], version: "1.0" },
      { groups: ["g"], version: "1" },
    ],
  };
  t.equal(chosen(config, "/"), "2 /");
  t.equal(chosen(config, "/", {}, { subject: "old" }), "1 /");
  t.equal(chosen(config, "/", {}, { groups: ["a", "g"] }), "1 /");
  t.equal(chosen(config, "/", {}, { subject: "new" }), "2 /");
  t.equal(chosen(config, "/", {}, { subject: "old", claims: { api: 2 } }), "2 /");
  t.equal(chosen(config, "/", {}, { claims: { api: "9" } }), "unknown", "no other version is guessed");
  t.equal(chosen(config, "/v2", {}, { subject: "old" }), "2 /v2", "what it says goes first");
  t.equal(chosen(config, "/", {}, { claims: { toString: 1 } }), "2 /");
});

t.test("a retired version is retired, and one at its sunset where that is wanted", async (t) => {
  t.equal(chosen({}, "/v0"), "retired");
  const versions = { "1": { sunset: "2026-01-01", retired: false } };
  const sunset = Date.UTC(2026, 0, 1);
  t.equal(chosen({ versions, retireAtSunset: true }, "/v1", {}, null, sunset - 1), "1 /v1");
  t.equal(chosen({ versions, retireAtSunset: true }, "/v1", {}, null, sunset), "retired");
  t.equal(chosen({ versions }, "/v1", {}, null, sunset), "1 /v1");
});

t.test("a path takes the place of what says the version", async (t) => {
  const versions = { "1": { path: "", retired: false }, "2": { path: "/two", retired: false } };
  t.equal(chosen({ versions }, "/v1/a/b"), "1 /a/b");
  t.equal(chosen({ versions }, "/v1"), "1 /");
  t.equal(chosen({ versions }, "/v2/a"), "2 /two/a");
  t.equal(chosen({ versions }, "/a?v=2"), "2 /two/a");
  t.equal(chosen({ versions }, "/v2"), "2 /two");
});

t.test("another authority: a path without its version does not begin with two slashes", async (t) => {
  const versions = { "1": { path: "", retired: false } };
  t.equal(chosen({ versions }, "/v1//evil.example/a"), "path");
  t.equal(chosen({ versions }, "/v1/a//b"), "1 /a//b");
});

t.test("a long field takes no time", async (t) => {
  const begun = performance.now();
  for (const sign of [",", ";", "=", '"', "a;version=1,", "application/vnd.acme.v1"]) {
    chosen({}, `/v${"1".repeat(100_000)}?v=${"1".repeat(1000)}`, {
      accept: sign.repeat(50_000),
      "x-v": sign,
    });
  }
  t.ok(performance.now() - begun < 1000);
});

t.test("names that cannot be are refused", async (t) => {
  const refused = (config: object, message: RegExp) =>
    t.throws(() => rulesOf({ ...base, ...config } as Config), { message }, JSON.stringify(config));
  refused({ default: "9" }, /default: there is no version 9/);
  refused({ default: "0" }, /version 0 is retired/);
  refused({ pins: [{ subjects: ["a"], version: "9" }] }, /pins.0: there is no version/);
  refused({ pins: [{ version: "1" }] }, /pins.0: it is for nobody/);
  refused({ versions: { "1": {}, "2": { aliases: ["1"] } } }, /two of them are called 1/);
  refused({ versions: { "1": { deprecated: "2026-02-30" } } }, /no date/);
  refused(
    { versions: { "1": { deprecated: "2026-02-02", sunset: "2026-02-01" } } },
    /before it is deprecated/,
  );
  refused({ versions: { "a b": {} } }, /no version/);
  refused({ header: "host" }, /belongs to the proxy/);
});

t.test(
  "whatever a request says, it goes to a version that there is, and to a path of this site",
  async () => {
    const text = fc.constantFrom(
      "0",
      "1",
      "1.0",
      "2",
      "3",
      "",
      " 2",
      "2 ",
      "__proto__",
      "constructor",
      "2,1",
      "v2",
    );
    const part = fc.oneof(
      text,
      text.map((each) => `v${each}`),
      fc.constantFrom("", "..", ".", "%2e%2e", "evil.test", "a"),
    );
    const path = fc.array(part, { maxLength: 4 }).map((parts) => `/${parts.join("/")}`);
    const config = fc.constantFrom(
      {},
      { default: "2" },
      { versions: { "1": { path: "", retired: false }, "2": { path: "/two", retired: false } } },
    );
    const fields = fc.record(
      { "x-v": text, accept: text.map((each) => `a/b;version=${each}`) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(config, path, fields, fc.option(text), (config, path, fields, query) => {
        const found = chosen(config, query === null ? path : `${path}?v=${query}`, fields as Fields);
        const [, version, target] = /^(\S+) (.*)$/.exec(found) ?? [];
        if (version === undefined) return /^(?:conflict|missing|unknown|retired|path)$/.test(found);
        // A path that was left as it was is the client's own; one that was made begins with one slash.
        return ["1", "2"].includes(version) && (target === path || /^\/(?!\/)/.test(target!));
      }),
      { numRuns: 5000 },
    );
  },
);
