import t from "tap";
import { allowReading } from "../../../plugins/cors/allow.ts";
import { answerPreflight, isPreflight } from "../../../plugins/cors/preflight.ts";
import { type Config, rulesOf } from "../../../plugins/cors/rules.ts";
import { addVary } from "../../../plugins/shared/vary.ts";

const origin = "https://a.example";

const base: Config = {
  origins: [origin],
  methods: ["GET", "PUT"],
  headers: ["X-Tenant"],
  expose: [],
  credentials: false,
  maxAge: 600,
  privateNetwork: false,
  service: "replace",
};

type Pairs = Record<string, string>;

function read(config: Partial<Config>, from: string | null, sent: Pairs = {}): Pairs {
  const headers = new Headers(sent);
  allowReading(headers, from, rulesOf({ ...base, ...config }));
  return Object.fromEntries(headers);
}

function preflight(config: Partial<Config>, asked: Pairs): Pairs {
  const headers = new Headers();
  answerPreflight(
    headers,
    { method: "OPTIONS", headers: new Headers(asked) },
    rulesOf({ ...base, ...config }),
  );
  return Object.fromEntries(headers);
}

const asking = { origin, "access-control-request-method": "PUT" };

t.test("a listed origin may read, and every response varies by it", async (t) => {
  t.same(read({}, origin), { "access-control-allow-origin": origin, vary: "Origin" });
  t.same(read({}, null), { vary: "Origin" });
  t.same(read({}, "https://evil.test"), { vary: "Origin" });
  t.same(read({ credentials: true, expose: ["x-a", "x-b"] }, origin), {
    "access-control-allow-origin": origin,
    "access-control-allow-credentials": "true",
    "access-control-expose-headers": "x-a, x-b",
    vary: "Origin",
  });
});

t.test("what is for everyone is the same for everyone", async (t) => {
  for (const from of [origin, null, "null"]) {
    t.same(read({ origins: ["*"] }, from), { "access-control-allow-origin": "*" });
  }
});

t.test("credentials never go to everyone, nor to null, which every page can make itself", async (t) => {
  for (const origins of [["*"], ["null"], [origin, "*"]]) {
    t.throws(() => rulesOf({ ...base, origins, credentials: true }), { message: /^Cannot use credentials/ });
  }
  t.throws(() => rulesOf({ ...base, expose: ["*"], credentials: true }), {
    message: /^Cannot use credentials/,
  });
  t.equal(read({ origins: ["null"] }, "null")["access-control-allow-origin"], "null");
  t.notOk("access-control-allow-origin" in read({ origins: ["https://*.example.com"] }, "null"));
});

t.test("the service's fields are replaced, also for those who may not read", async (t) => {
  const own = { "access-control-allow-origin": "*", "access-control-allow-credentials": "true" };
  t.same(read({}, "https://evil.test", own), { vary: "Origin" });
  t.same(read({}, origin, own), { "access-control-allow-origin": origin, vary: "Origin" });
});

t.test("the service's fields stand where they are to be kept", async (t) => {
  const own = { "access-control-allow-origin": "https://b.example", "access-control-expose-headers": "x" };
  t.same(read({ service: "keep" }, origin, own), { ...own, vary: "Origin" });
  t.equal(read({ service: "keep" }, origin)["access-control-allow-origin"], origin);
});

t.test("Vary gets what is not there yet", async (t) => {
  for (const [found, names, becomes] of [
    ["Accept", "Origin", "Accept, Origin"],
    ["accept, ORIGIN", "Origin", "accept, ORIGIN"],
    ["*", "Origin", "*"],
    ["Origin", "Origin, Accept", "Origin, Accept"],
    ["X-Origin", "Origin", "X-Origin, Origin"],
  ] as const) {
    const headers = new Headers({ vary: found });
    addVary(headers, names);
    t.equal(headers.get("vary"), becomes);
  }
});

t.test("a preflight is an OPTIONS that says whose it is and what for", async (t) => {
  const is = (method: string, fields: Pairs) => isPreflight({ method, headers: new Headers(fields) });
  t.ok(is("OPTIONS", asking));
  t.notOk(is("GET", asking));
  t.notOk(is("OPTIONS", { origin }));
  t.notOk(is("OPTIONS", { "access-control-request-method": "GET" }));
});

t.test("a preflight learns what is allowed", async (t) => {
  t.same(preflight({}, asking), {
    "access-control-allow-origin": origin,
    "access-control-allow-methods": "GET, PUT",
    "access-control-allow-headers": "x-tenant",
    "access-control-max-age": "600",
    vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
  });
  t.same(Object.keys(preflight({}, { ...asking, origin: "https://evil.test" })), ["vary"]);
});

t.test("any method and field is what was asked for, if it is a name", async (t) => {
  const any = { methods: ["*"], headers: ["*"] };
  const answer = (headers: string) =>
    preflight(any, { ...asking, "access-control-request-headers": headers })["access-control-allow-headers"];
  t.equal(preflight(any, asking)["access-control-allow-methods"], "PUT");
  t.equal(answer("authorization,x-b"), "authorization, x-b");
  t.equal(answer("x-a, x b"), undefined);
  t.equal(answer("x".repeat(5000)), undefined);
});

t.test("private networks are opened only by the operator, to those who ask", async (t) => {
  const name = "access-control-allow-private-network";
  const ask = { ...asking, "access-control-request-private-network": "true" };
  t.equal(preflight({ privateNetwork: true }, ask)[name], "true");
  t.notOk(name in preflight({}, ask));
  t.notOk(name in preflight({ privateNetwork: true }, asking));
  t.match(preflight({ privateNetwork: true }, asking)["vary"], /Private-Network/);
});
