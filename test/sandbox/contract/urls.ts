import type { ValueCheck } from "./check.ts";

export const urlChecks: readonly ValueCheck[] = [
  {
    title: "URL resolves against a base and normalises",
    code: `return new URL("../x y?q=é#z", "HTTPS://U:p@EXAMPLE.com:443/a/b/c").href;`,
    expected: "https://U:p@example.com/a/x%20y?q=%C3%A9#z",
  },
  {
    title: "URL shows its parts",
    code: `const u = new URL("http://h.test:81/p/q?a=1#f"); return [u.protocol, u.host, u.hostname, u.port, u.pathname, u.search, u.hash, u.origin];`,
    expected: ["http:", "h.test:81", "h.test", "81", "/p/q", "?a=1", "#f", "http://h.test:81"],
  },
  {
    title: "URL parts can be assigned",
    code: `const u = new URL("http://h.test/a"); u.pathname = "/b c"; u.port = "8080"; u.search = "x=1"; u.hash = "y"; u.hostname = "i.test"; u.protocol = "https"; return u.href;`,
    expected: "https://i.test:8080/b%20c?x=1#y",
  },
  { title: "URL refuses what is no URL", code: `new URL("no url");`, throws: "TypeError" },
  {
    title: "URL.canParse and URL.parse do not throw",
    code: `return [URL.canParse("x:y"), URL.canParse("no"), URL.parse("no"), URL.parse("/a", "http://h.test").href];`,
    expected: [true, false, null, "http://h.test/a"],
  },
  {
    title: "URL writes names in Unicode as punycode",
    code: `return new URL("http://bücher.example/").hostname;`,
    expected: "xn--bcher-kva.example",
  },
  {
    title: "URL reads odd IPv4 and IPv6 addresses",
    code: `return [new URL("http://0x7f.1/").hostname, new URL("http://[::ffff:1.2.3.4]/").hostname];`,
    expected: ["127.0.0.1", "[::ffff:102:304]"],
  },
  { title: "URL refuses a broken IPv4 address", code: `new URL("http://1.2.3.999/");`, throws: "TypeError" },
  {
    title: "URL and its search parameters are one",
    code: `const u = new URL("http://h.test/?a=1"); u.searchParams.append("b", "2 3"); const one = u.search; u.search = "?c=4"; return [one, u.searchParams.get("c"), [...u.searchParams].length];`,
    expected: ["?a=1&b=2+3", "4", 1],
  },
  {
    title: "URL is JSON and text as its href",
    code: `const u = new URL("http://h.test"); return [JSON.stringify(u), String(u), u.toString()];`,
    expected: ['"http://h.test/"', "http://h.test/", "http://h.test/"],
  },
  {
    title: "URL.hash of a URL without one is empty, and a data URL has an opaque path",
    code: `return [new URL("http://h.test").hash, new URL("data:text/plain,x y").pathname];`,
    expected: ["", "text/plain,x y"],
  },
  {
    title: "URL from the request's url works",
    code: `return new URL("/x", request.url).href;`,
    expected: "http://a.test/x",
  },
  {
    title: "URLSearchParams reads, decodes and writes",
    code: `const p = new URLSearchParams("?a=1+2&b=%C3%A9&a=3&c"); return [p.get("a"), p.getAll("a"), p.get("b"), p.get("c"), p.get("d"), String(p)];`,
    expected: ["1 2", ["1 2", "3"], "é", "", null, "a=1+2&b=%C3%A9&a=3&c="],
  },
  {
    title: "URLSearchParams is made of records, lists and iterables",
    code: `return [new URLSearchParams({ a: "1" }), new URLSearchParams([["a", "1"]]), new URLSearchParams(new Map([["a", "1"]]))].map(String);`,
    expected: ["a=1", "a=1", "a=1"],
  },
  {
    title: "URLSearchParams has, deletes and sorts",
    code: `const p = new URLSearchParams("b=1&a=2&b=3"); p.sort(); const sorted = String(p); p.delete("b", "1"); return [sorted, p.has("b", "3"), p.has("b", "1"), p.size];`,
    expected: ["a=2&b=1&b=3", true, false, 2],
  },
  {
    title: "URLSearchParams.set keeps the first place",
    code: `const p = new URLSearchParams("a=1&b=2&a=3"); p.set("a", "9"); return String(p);`,
    expected: "a=9&b=2",
  },
  {
    title: "URLSearchParams encodes what forms encode",
    code: `return String(new URLSearchParams({ "a&b": "~!*'()=" }));`,
    expected: "a%26b=%7E%21*%27%28%29%3D",
  },
  {
    title: "URLPattern matches and names groups",
    code: `const p = new URLPattern({ pathname: "/users/:id{/posts}?" }); const m = p.exec("http://h.test/users/7/posts"); return [m.pathname.groups.id, p.test("http://h.test/users"), p.test({ pathname: "/users/7" })];`,
    expected: ["7", false, true],
  },
  {
    title: "URLPattern takes a whole pattern and a base",
    code: `return [new URLPattern("https://*.example.com/a/*").test("https://x.example.com/a/b"), new URLPattern("/p", "http://h.test").hostname];`,
    expected: [true, "h.test"],
  },
  {
    title: "URLPattern has regular expressions in groups",
    code: String.raw`const p = new URLPattern({ pathname: "/:id(\\d+)" }); return [p.test({ pathname: "/12" }), p.test({ pathname: "/x" })];`,
    expected: [true, false],
  },
  {
    title: "URLPattern takes groups of sets of characters",
    code: String.raw`const p = new URLPattern({ pathname: "/:x([\\p{L}--a])" }); return [p.test({ pathname: "/b" }), p.test({ pathname: "/a" })];`,
    expected: [true, false],
  },
  {
    title: "URLPattern can ignore case",
    code: `return new URLPattern({ pathname: "/A" }, { ignoreCase: true }).test({ pathname: "/a" });`,
    expected: true,
  },
  {
    title: "URLPattern refuses a broken pattern",
    code: `new URLPattern({ pathname: "/:(" });`,
    throws: "TypeError",
  },
];
