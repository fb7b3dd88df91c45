import fc from "fast-check";
import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { type SetCookieConfig, setCookieEdit } from "../../../plugins/transform/set-cookies.ts";
import { onEachEngine } from "../../support/each-engine.ts";

t.teardown(stopBundler);

function edited(lines: readonly string[], ...rules: SetCookieConfig[]): string[] {
  const headers = new Headers(lines.map((line) => ["set-cookie", line]));
  setCookieEdit(rules)!(headers);
  return headers.getSetCookie();
}

t.test("attributes are set and taken away, and others stay", async (t) => {
  const line = "s=a=b; path=/x; EXPIRES=Wed, 21 Oct 2026 07:28:00 GMT; Domain=old.example";
  t.same(
    edited([line], {
      name: "s",
      secure: true,
      httpOnly: true,
      sameSite: "Lax",
      domain: "",
      path: "/",
      maxAge: 60,
    }),
    ["s=a=b; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Secure; HttpOnly; SameSite=Lax; Max-Age=60"],
  );
  t.same(edited(["s=1; Secure; HttpOnly"], { name: "s", secure: false }), ["s=1; HttpOnly"]);
});

t.test("cookies are renamed and removed by name, and others stay byte for byte", async (t) => {
  const other = "o=1;path=/;  secure ;x";
  t.same(edited(["a=1", other, "b=2"], { name: "a", rename: "c" }, { name: "b", remove: true }), [
    "c=1",
    other,
  ]);
  t.same(edited(["a=1", "b=2"], { name: "*", remove: true }), []);
  t.same(edited(["a=1", "b=2"], { name: "*", httpOnly: true }), ["a=1; HttpOnly", "b=2; HttpOnly"]);
  t.same(edited(["A=1"], { name: "a", remove: true }), ["A=1"], "names have a case");
});

t.test("what browsers want of a cookie goes with its name and attributes", async (t) => {
  t.same(edited(["a=1; Domain=x.example; Path=/p"], { name: "a", rename: "__Host-a" }), [
    "__Host-a=1; Path=/; Secure",
  ]);
  t.same(edited(["a=1"], { name: "a", rename: "__Secure-a" }), ["__Secure-a=1; Secure"]);
  t.same(edited(["a=1"], { name: "a", sameSite: "None" }), ["a=1; SameSite=None; Secure"]);
  t.same(edited(["a=1"], { name: "a", partitioned: true }), ["a=1; Partitioned; Secure"]);
  t.same(edited(["__Host-a=1; Path=/; Secure"], { name: "*", domain: "x.example", secure: false }), [
    "__Host-a=1; Path=/; Secure",
  ]);
});

t.test("of an attribute that comes twice the last one is edited, as a browser reads it", async (t) => {
  t.same(edited(["a=1; SameSite=Strict; samesite=None; Secure"], { name: "a", httpOnly: true }), [
    "a=1; SameSite=None; Secure; HttpOnly",
  ]);
});

t.test("what a service sends makes no cookie beside its own", async () => {
  const text = fc.string({ unit: fc.constantFrom("a", "=", ";", " ", ",", '"', "\t", "S", "secure") });
  fc.assert(
    fc.property(text, (line) => {
      const headers = new Headers([["set-cookie", line]]);
      setCookieEdit([{ name: "*", secure: true }])!(headers);
      const [first = ""] = headers.getSetCookie();
      return headers.getSetCookie().length === 1 && /; Secure(;|$)/.test(first);
    }),
  );
});

t.test("what no browser would take is refused", async (t) => {
  const refused = (rule: SetCookieConfig, message: RegExp) =>
    t.throws(() => setCookieEdit([rule]), { message });
  refused({ name: "a b" }, /no name of a cookie/);
  refused({ name: "a", rename: "b;c" }, /no name of a cookie/);
  refused({ name: "*", rename: "b" }, /not all can have one name/);
  refused({ name: "a", sameSite: "None", secure: false }, /has to be secure/);
});

onEachEngine("the cookies of a service are made safe on their way to the client", async (t, engine) => {
  const upstream = () => {
    const headers = new Headers();
    for (const line of ["s=1; Path=/", "track=2", "keep=3"]) headers.append("set-cookie", line);
    return new Response("", { headers });
  };
  const setCookies = [
    { name: "s", secure: true, httpOnly: true, sameSite: "Strict" },
    { name: "track", remove: true },
  ];
  const config = { response: [{ setCookies }] };
  await using gateway = await testGateway({ plugins: [["transform", config]], upstream, engine });
  const { headers } = await gateway.fetch("/");
  t.same(headers.getSetCookie(), ["s=1; Path=/; Secure; HttpOnly; SameSite=Strict", "keep=3"]);
  t.same(gateway.faults, []);
});

onEachEngine("an attribute that would begin another one is refused when it is loaded", async (t, engine) => {
  const refused = (rule: object) =>
    t.rejects(
      testGateway({
        plugins: [["transform", { response: [{ setCookies: [{ name: "a", ...rule }] }] }]],
        engine,
      }),
      {
        message: /must match/,
      },
    );
  await refused({ path: "/; Domain=evil.example" });
  await refused({ domain: "a; Path=/" });
});
