import fc from "fast-check";
import t from "tap";
import { fieldValue } from "../../../plugins/cache/fields.ts";
import { defaultRules } from "../../../plugins/cache/rules.ts";
import { type Fields, fieldsOf, start } from "./messages.ts";
import { type Question, type Reply, SmallCache } from "./small-cache.ts";

/** A cache before an origin that says what `script` says next, and what the origin was asked. */
function conversation(...script: (readonly [status: number, fields: Fields, body?: string] | null)[]) {
  const asked: Question[] = [];
  const cache = new SmallCache((question) => {
    asked.push(question);
    const next = script[asked.length - 1];
    if (next === undefined) throw new Error(`request ${asked.length} was not foreseen`);
    return next && { status: next[0], fields: fieldsOf(next[1]), body: next[2] ?? "" };
  }, defaultRules);
  const ask = (seconds: number, fields: Fields = {}, { method = "GET", url = "https://a.test/" } = {}) => {
    const { status, body } = cache.ask({ method, url, fields: fieldsOf(fields) }, start + seconds * 1000);
    return `${status} ${body}`;
  };
  return { ask, asked };
}

t.test("a response is used, validated, used again and replaced", async (t) => {
  const { ask, asked } = conversation(
    [200, { etag: '"1"', "cache-control": "max-age=10" }, "one"],
    [304, { etag: '"1"' }],
    [200, { etag: '"2"', "cache-control": "max-age=10" }, "two"],
  );
  t.same(
    [0, 9, 10, 19, 20, 21].map((seconds) => ask(seconds)),
    ["200 one", "200 one", "200 one", "200 one", "200 two", "200 two"],
  );
  t.same(
    asked.map(({ fields }) => fieldValue(fields, "if-none-match")),
    [null, '"1"', '"1"'],
  );
});

t.test("a client's own condition is answered after ours", async (t) => {
  const { ask, asked } = conversation(
    [200, { etag: '"1"', "cache-control": "max-age=10" }, "one"],
    [304, { etag: '"1"' }],
  );
  t.equal(ask(0), "200 one");
  t.equal(ask(11, { "if-none-match": '"0"', range: "bytes=1-" }), "206 ne");
  t.same(fieldValue(asked[1]!.fields, "if-none-match"), '"1"');
  t.equal(fieldValue(asked[1]!.fields, "range"), null, "the whole is validated");
  t.equal(ask(12, { "if-none-match": '"1"' }), "304 ");
});

t.test("variants live side by side, and a change ends them all", async (t) => {
  const fields = { vary: "accept", "cache-control": "max-age=10" };
  const { ask } = conversation(
    [200, fields, "a"],
    [200, fields, "b"],
    [204, {}],
    [200, fields, "c"],
    [200, fields, "d"],
  );
  const both = () => [ask(1, { accept: "a" }), ask(1, { accept: "b" })];
  t.same(
    [both(), both()],
    [
      ["200 a", "200 b"],
      ["200 a", "200 b"],
    ],
  );
  t.equal(ask(2, {}, { method: "DELETE" }), "204 ");
  t.same(both(), ["200 c", "200 d"]);
});

t.test("an origin that fails is stood in for where that is allowed", async (t) => {
  const tolerant = conversation(
    [200, { "cache-control": "max-age=1, stale-if-error=10" }, "one"],
    [503, {}, "sorry"],
    null,
    [503, {}, "sorry"],
  );
  t.same(
    [0, 5, 6, 20].map((seconds) => tolerant.ask(seconds)),
    ["200 one", "200 one", "200 one", "503 sorry"],
  );
  const strict = conversation([200, { "cache-control": "max-age=1, must-revalidate" }, "one"], null, [
    503,
    {},
    "sorry",
  ]);
  t.same(
    [0, 5, 6].map((seconds) => strict.ask(seconds)),
    ["200 one", "502 ", "503 sorry"],
  );
});

t.test("while a stale response is used, the next one is fetched", async (t) => {
  const fields = { "cache-control": "max-age=1, stale-while-revalidate=10" };
  const { ask, asked } = conversation([200, fields, "one"], [200, fields, "two"]);
  t.same(
    [0, 5, 5.5].map((seconds) => ask(seconds)),
    ["200 one", "200 one", "200 two"],
  );
  t.equal(asked.length, 2);
});

t.test("HEAD is answered from GET, and tells when what is stored is over", async (t) => {
  const { ask, asked } = conversation(
    [200, { etag: '"1"', "cache-control": "max-age=10" }, "one"],
    [200, { etag: '"2"', "cache-control": "max-age=10" }],
    [200, { etag: '"2"', "cache-control": "max-age=10" }, "two"],
  );
  t.same(
    [ask(0), ask(1, {}, { method: "HEAD" }), ask(11, {}, { method: "HEAD" }), ask(11)],
    ["200 one", "200 ", "200 ", "200 two"],
  );
  t.equal(asked.length, 3);
});

t.test("a POST that is the resource answers later GETs", async (t) => {
  const { ask } = conversation([200, { "content-location": "/", "cache-control": "max-age=10" }, "one"]);
  t.same([ask(0, {}, { method: "POST" }), ask(1)], ["200 one", "200 one"]);
});

t.test("what no key holds cannot be left behind for others", async (t) => {
  // Attacks: the body of a GET, a target in a field, and that with a POST that claims to be the resource.
  const fields = { "cache-control": "max-age=10", "content-location": "/" };
  const { ask } = conversation(
    [200, fields, "evil"],
    [200, fields, "evil"],
    [200, fields, "evil"],
    [200, fields, "good"],
  );
  ask(0, { "content-length": "5" });
  ask(0, { "x-original-url": "/evil" });
  ask(0, { "x-original-url": "/evil" }, { method: "POST" });
  t.equal(ask(1), "200 good");
});

/** What an origin of the property below says, as facts rather than text. */
interface Policy {
  readonly maxAge: number | null;
  readonly sMaxage: number | null;
  readonly whileRevalidate: number | null;
  readonly ifError: number | null;
  readonly noStore: boolean;
  readonly private: boolean;
  readonly noCache: boolean;
  readonly mustRevalidate: boolean;
  readonly public: boolean;
  readonly varies: boolean;
  readonly tagged: boolean;
}

interface Step {
  readonly after: number;
  readonly method: string;
  readonly path: string;
  readonly language: string;
  readonly authorized: boolean;
  readonly policy: Policy;
  readonly origin: "answers" | "fails" | "is silent";
  readonly isChanged: boolean;
}

const seconds = fc.option(fc.constantFrom(0, 1, 5, 20));
const policies: fc.Arbitrary<Policy> = fc.record({
  maxAge: seconds,
  sMaxage: seconds,
  whileRevalidate: seconds,
  ifError: seconds,
  noStore: rarely(),
  private: rarely(),
  noCache: rarely(),
  mustRevalidate: rarely(),
  public: rarely(),
  varies: fc.boolean(),
  tagged: fc.boolean(),
});
const steps: fc.Arbitrary<Step> = fc.record({
  after: fc.constantFrom(0, 0.5, 1, 4, 5, 19),
  method: fc.constantFrom("GET", "GET", "GET", "GET", "HEAD", "POST"),
  path: fc.constantFrom("/", "/b"),
  language: fc.constantFrom("de", "en"),
  authorized: rarely(),
  policy: policies,
  origin: fc.constantFrom("answers", "answers", "answers", "fails", "is silent"),
  isChanged: fc.boolean(),
});

function rarely(): fc.Arbitrary<boolean> {
  return fc.constantFrom(false, false, false, true);
}

function textOf(policy: Policy): string {
  const timed = {
    "max-age": policy.maxAge,
    "s-maxage": policy.sMaxage,
    "stale-while-revalidate": policy.whileRevalidate,
    "stale-if-error": policy.ifError,
  };
  const flags = {
    "no-store": policy.noStore,
    private: policy.private,
    "no-cache": policy.noCache,
    "must-revalidate": policy.mustRevalidate,
    public: policy.public,
  };
  return [
    ...Object.entries(timed)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${name}=${value}`),
    ...Object.entries(flags)
      .filter(([, isThere]) => isThere)
      .map(([name]) => name),
  ].join(", ");
}

/** A response of the origin, with all that decides who may get it and when. */
interface Made {
  readonly step: Step;
  policy: Policy;
  /** In seconds: made, or confirmed by a 304. */
  at: number;
  isOver: boolean;
}

t.test("whatever origin and clients do, nobody gets what is not for them, or is too old", async (t) => {
  let fromStore = 0;
  const check = (script: readonly Step[]) => {
    const made: Made[] = [];
    let [now, step] = [0, script[0]!];
    const current = new Map<string, number>();
    let wasAsked = false;
    const origin = ({ fields }: Question): Reply | null => {
      wasAsked = true;
      if (step.origin === "is silent") return null;
      if (step.origin === "fails") return { status: 503, fields: [], body: "sorry" };
      const place = `${step.path} ${step.policy.varies ? step.language : ""}`;
      const latest = current.get(place);
      const tag = fieldValue(fields, "if-none-match");
      const head = fieldsOf({
        "cache-control": textOf(step.policy),
        ...(step.policy.varies ? { vary: "accept-language" } : {}),
      });
      if (tag !== null && tag === `"${latest}"` && !step.isChanged && step.method !== "POST") {
        Object.assign(made[latest!]!, { policy: step.policy, at: now });
        return { status: 304, fields: [...head, ["etag", tag]], body: "" };
      }
      made.push({ step, policy: step.policy, at: now, isOver: false });
      const name = made.length - 1;
      current.set(place, name);
      const withTag = step.policy.tagged ? [...head, ["etag", `"${name}"`] as const] : head;
      return { status: 200, fields: withTag, body: step.method === "HEAD" ? "" : `made ${name}` };
    };
    const cache = new SmallCache(origin, defaultRules);
    for (step of script) {
      now += step.after;
      wasAsked = false;
      const before = made.map((response) => ({ ...response }));
      const question = {
        method: step.method,
        url: `https://a.test${step.path}`,
        fields: fieldsOf({
          "accept-language": step.language,
          ...(step.authorized ? { authorization: "x" } : {}),
        }),
      };
      const reply = cache.ask(question, start + now * 1000);
      if (step.method === "POST" && step.origin === "answers")
        for (const other of made) if (other.step.path === step.path) other.isOver = true;
      const name = /^made (\d+)$/.exec(reply.body)?.[1];
      const isNew = made.length > before.length && Number(name) === made.length - 1;
      if (name === undefined || isNew) continue;
      fromStore++;
      // What was used while the origin confirmed it was used as it was before.
      const states = [before[Number(name)]!, made[Number(name)]!];
      const [fault, other] = states.map((state) => faultOf(state, step, now, wasAsked, reply));
      if (other === null) continue;
      if (fault) throw new Error(`${fault}: ${JSON.stringify({ made: made[Number(name)], step, now })}`);
    }
  };
  fc.assert(fc.property(fc.array(steps, { minLength: 2, maxLength: 40, size: "max" }), check), {
    numRuns: 1000,
  });
  t.ok(fromStore > 1000, `${fromStore} answers came from the store`);
});

/** Why an answer that came from the store must not have, in the words of the specification. */
function faultOf(made: Made, step: Step, now: number, wasAsked: boolean, reply: Reply): string | null {
  const { policy } = made;
  if (made.step.path !== step.path) return "another resource";
  if (made.isOver) return "made before a change";
  if (made.step.policy.varies && made.step.language !== step.language) return "another variant";
  if (made.step.policy.noStore || made.step.policy.private) return "not to be stored";
  const said = made.step.policy;
  if (made.step.authorized && !said.public && !said.mustRevalidate && said.sMaxage === null)
    return "for one user";
  const age = now - made.at;
  if (fieldValue(reply.fields, "age") !== `${Math.floor(age)}`) return "another age";
  const lifetime = policy.sMaxage ?? policy.maxAge ?? 0;
  if (!wasAsked) return policy.noCache || age >= lifetime ? "stale, and the origin was not asked" : null;
  if (age === 0) return null;
  const isForbidden = policy.noCache || policy.mustRevalidate;
  const staleFor = age - lifetime;
  if (isForbidden) return "stale, which is forbidden";
  if (staleFor <= (policy.whileRevalidate ?? -1) || staleFor <= (policy.ifError ?? -1)) return null;
  if (step.origin === "is silent" && policy.sMaxage === null) return null;
  return "stale without any leave";
}
