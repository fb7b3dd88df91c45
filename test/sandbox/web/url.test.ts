import fc from "fast-check";
import t from "tap";
import { urlParse, urlSet } from "../../../core/sandbox/host/url.ts";
import { HostOp } from "../../../sdk/runtime/host-op.ts";
import { joinTexts, splitTexts } from "../../../sdk/runtime/text-pair.ts";
import { URL } from "../../../sdk/runtime/url/url.ts";
import { bindWebHost } from "./host.ts";

const NativeURL = globalThis.URL;
const calls = bindWebHost();
const components = [
  "href",
  "origin",
  "protocol",
  "username",
  "password",
  "host",
  "hostname",
  "port",
  "pathname",
  "search",
  "hash",
] as const;

t.test("new URL is one host call, and its components are none", async (t) => {
  calls.clear();
  const url = new URL("https://user:secret@example.com:8080/a/b?c=d#e");
  t.same(
    components.map((name) => url[name]),
    [
      "https://user:secret@example.com:8080/a/b?c=d#e",
      "https://example.com:8080",
      "https:",
      "user",
      "secret",
      "example.com:8080",
      "example.com",
      "8080",
      "/a/b",
      "?c=d",
      "#e",
    ],
  );
  url.searchParams.append("f", "ä &");
  t.equal(url.search, "?c=d&f=%C3%A4+%26");
  t.same([...calls], [[HostOp.urlParse, 1]]);
});

t.test("components are those of this runtime's URL, whatever is parsed", async (t) => {
  const piece = fc.constantFrom(
    "http:",
    "https:",
    "foo:",
    "file:",
    "blob:",
    "data:",
    "//",
    "/",
    "\\",
    "@",
    ":",
    "user",
    "[::1]",
    "1.2.3.4",
    "example.com",
    ":80",
    ":8080",
    "?",
    "#",
    "a",
    "..",
    ".",
    "ü",
    " ",
    "%41",
    "\ud800",
    "|",
    "C:",
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 9 }),
      fc.option(fc.constantFrom("http://u:p@h:1/x/y?z#w", "foo:bar", "foo://h/p"), { nil: undefined }),
      (pieces, base) => {
        const input = pieces.join("");
        const ours = URL.parse(input, base);
        const theirs = NativeURL.parse(input, base);
        t.equal(URL.canParse(input, base), theirs !== null);
        for (const name of components) {
          // Its own serialization, where the runtime's differs from the standard, is the judge.
          if (theirs !== null)
            t.equal(ours?.[name], NativeURL.parse(theirs.href)?.[name], `${name} of ${input}`);
        }
      },
    ),
    { numRuns: 500 },
  );
});

t.test("what is no URL throws a TypeError, or is null for URL.parse", async (t) => {
  t.throws(() => new URL("no url"), { name: "TypeError", message: "Invalid URL" });
  t.equal(URL.parse("no url"), null);
  t.equal(URL.parse("x", "no base"), null);
  t.equal(URL.canParse("/x"), false);
  t.equal(URL.canParse("/x", "http://a"), true);
  const url = new URL("http://a/");
  t.throws(() => {
    url.href = "no url";
  }, TypeError);
  t.equal(url.href, "http://a/");
  t.throws(() => new URL(Symbol("s") as unknown as string), TypeError);
});

t.test("searchParams and the URL follow each other", async (t) => {
  const url = new URL("http://a/?x=1#h");
  const params = url.searchParams;
  t.equal(url.searchParams, params);
  url.search = "?y=2";
  t.equal(params.get("y"), "2");
  params.set("y", "3");
  t.equal(url.href, "http://a/?y=3#h");
  params.delete("y");
  t.equal(url.href, "http://a/#h");
  url.href = "http://b/?z=4";
  t.same([...params], [["z", "4"]]);
  params.sort();
  t.equal(JSON.stringify({ url }), '{"url":"http://b/?z=4"}');
  t.equal(`${url}`, "http://b/?z=4");
});

t.test("a path that begins with two slashes stays a path", async (t) => {
  const url = new URL("foo:/.//not-a-host/x");
  t.equal(url.host, "");
  t.equal(url.pathname, "//not-a-host/x");
});

t.test("a URL beyond 64 Ki characters is a TypeError", async (t) => {
  const long = `http://a/${"x".repeat(64 * 1024)}`;
  t.throws(() => new URL(long), { name: "TypeError", message: /exceeds 65536/ });
  t.throws(() => new URL("x", long), TypeError);
  const url = new URL("http://a/");
  t.throws(() => {
    url.pathname = long;
  }, TypeError);
  t.equal(new URL(`http://a/?${"ü".repeat(60_000)}`).protocol, "http:", "a long query is no long host");
});

t.test("a host that takes the square of its length to decode does not hold the proxy up", async (t) => {
  const label = String.fromCharCode(...Array.from({ length: 20_000 }, (_, i) => 0x4e00 + i));
  const attacks = [
    label,
    `http://${label}`,
    `http:\\\\${label}`,
    `http://u@${label}:8080/`,
    `http://${encodeURIComponent(label.slice(0, 6000))}/`,
    `http://xn--${"a".repeat(60_000)}/`,
    `http://${label.slice(0, 2000)}\t${label.slice(2000)}/`,
  ];
  const start = performance.now();
  for (const attack of attacks) t.equal(URL.canParse(attack, "http://b/"), false);
  const url = new URL("http://a/");
  t.throws(() => {
    url.hostname = label;
  }, TypeError);
  t.ok(performance.now() - start < 500, "all in less time than one takes to decode");
});

t.test("the host refuses operations that no runtime makes", async (t) => {
  const refused = { name: "TypeError" };
  for (const text of ["", "5", "99:x", "-1:x", "1e1:x", "x:y"]) t.throws(() => urlParse(text), refused);
  for (const text of [
    "href:1:ab",
    "constructor:1:ab",
    "host",
    "host:",
    "host::x",
    "host:1:xy",
    "__proto__:1:ab",
  ]) {
    t.throws(() => urlSet(text), refused);
  }
});

t.test("two texts in one come apart as they were, whatever is in them", async (t) => {
  fc.assert(
    fc.property(
      fc.option(fc.string({ unit: "binary" }), { nil: undefined }),
      fc.string({ unit: "binary" }),
      (first, second) => {
        t.same(splitTexts(joinTexts(first, second)), [first, second]);
      },
    ),
  );
});
