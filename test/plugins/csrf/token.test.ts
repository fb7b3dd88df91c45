import * as fc from "fast-check";
import t from "tap";
import { cookieSet, cookieValues } from "../../../plugins/csrf/cookies.ts";
import { isSameText, TokenMaker } from "../../../plugins/csrf/token.ts";

const secret = "0123456789abcdef0123456789abcdef";
const other = "fedcba9876543210fedcba9876543210";

/** A maker on a clock that the test moves, in s. */
async function at(start: number, secrets: readonly string[] = [secret], lifetime = 600) {
  const clock = { seconds: start };
  const maker = await TokenMaker.create(secrets, lifetime, () => clock.seconds * 1000);
  return { clock, maker };
}

t.test("a token is good for its own session and no other", async (t) => {
  const { maker } = await at(1000);
  await fc.assert(
    fc.asyncProperty(fc.string(), fc.string(), async (session, another) => {
      const token = await maker.make(session);
      t.notSame(await maker.check(token, session), null);
      if (another !== session) t.equal(await maker.check(token, another), null);
    }),
    { numRuns: 50 },
  );
});

t.test("a token whose any character is another one is not good", async (t) => {
  const { maker } = await at(1_000_000_000);
  const token = await maker.make("s");
  for (let i = 0; i < token.length; i++) {
    for (const char of ["A", "0", "_", ".", "="]) {
      if (token[i] === char) continue;
      t.equal(await maker.check(token.slice(0, i) + char + token.slice(i + 1), "s"), null, `${i} ${char}`);
    }
  }
  for (const bad of ["", ".", "..", `${token}.`, ` ${token}`, `${token}\n`, token.repeat(2), "x".repeat(1e6)])
    t.equal(await maker.check(bad, "s"), null);
});

t.test("a token ends with its lifetime, and is not believed before it was made", async (t) => {
  const { clock, maker } = await at(1000);
  const token = await maker.make("s");
  clock.seconds = 1600;
  const known = await maker.check(token, "s");
  t.same(known, { madeAt: 1000, isOldKey: false });
  t.ok(maker.isWorn(known!), "after half of it a page gets another one");
  clock.seconds = 1601;
  t.equal(await maker.check(token, "s"), null);
  clock.seconds = 941;
  t.ok(await maker.check(token, "s"), "clocks differ");
  clock.seconds = 939;
  t.equal(await maker.check(token, "s"), null);
});

t.test("what an old secret signed is good until the secret goes, and is replaced", async (t) => {
  const { maker: before } = await at(1000, [other]);
  const { maker } = await at(1000, [secret, other]);
  const { maker: after } = await at(1000, [secret]);
  const token = await before.make("s");
  const known = await maker.check(token, "s");
  t.ok(known?.isOldKey);
  t.ok(maker.isWorn(known!));
  t.equal(await after.check(token, "s"), null);
});

t.test("texts are compared by all of their characters", (t) => {
  t.ok(isSameText("abc", "abc"));
  for (const text of ["abd", "bbc", "ab", "abcd", ""]) t.notOk(isSameText("abc", text), text);
  t.end();
});

t.test("cookies are found by their whole name, all of them", (t) => {
  t.same(cookieValues("a=1; b=2; a=3", "a"), ["1", "3"]);
  t.same(cookieValues("xa=1; a-b=2; a", "a"), []);
  t.same(cookieValues('a="1"; b', "a"), ["1"]);
  t.same(cookieValues("a=1=2;a=", "a"), ["1=2", ""]);
  t.same(cookieValues(null, "a"), []);
  t.end();
});

t.test("what a response does to a cookie is told by the last field of its name", (t) => {
  t.equal(cookieSet(["b=1; Path=/", "a=2; HttpOnly", "a=3"], "a"), "3");
  t.equal(cookieSet(["a=2; Max-Age=0"], "a"), "");
  t.equal(cookieSet(["a=2; max-age=-1; Path=/"], "a"), "");
  t.equal(cookieSet(["a=; Path=/"], "a"), "");
  t.equal(cookieSet(["b=1"], "a"), null);
  t.end();
});
