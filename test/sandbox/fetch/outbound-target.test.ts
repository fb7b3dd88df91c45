import t, { type Test } from "tap";
import { parseTarget } from "../../../core/sandbox/host/outbound/target.ts";

const reject = (t: Test, url: string, found: RegExp) =>
  t.throws(() => parseTarget(url), { name: "TypeError", message: found });

t.test("a target has the parts that a request is granted, resolved and sent by", async (t) => {
  t.same(parseTarget("HTTPS://API.Example.COM:443/a/../b?q=ü#part"), {
    protocol: "https:",
    host: "api.example.com",
    hostKind: "name",
    port: 443,
    origin: "https://api.example.com",
    path: "/b?q=%C3%BC",
  });
  t.match(parseTarget("http://[0:0::1]:8080"), { host: "[::1]", hostKind: "address", port: 8080, path: "/" });
  t.match(parseTarget("../x", parseTarget("http://a.test/b/c/d")), { origin: "http://a.test", path: "/b/x" });
});

t.test(
  "an address in disguise is that address: numbers, hex, octal, escapes and full-width digits",
  async (t) => {
    const disguises = [
      "0x7f.1",
      "2130706433",
      "127.1",
      "0177.0.0.1",
      "%31%32%37.0.0.1",
      "１２７.0.0.1",
      "127.0.0.1.",
    ];
    for (const host of [...disguises, "127.0.0.1."]) {
      t.match(parseTarget(`http://${host}/`), { host: "127.0.0.1", hostKind: "address" }, host);
    }
    t.match(parseTarget("http://[::ffff:127.0.0.1]/"), { host: "[::ffff:7f00:1]", hostKind: "address" });
  },
);

t.test("a host with a second spelling is refused: trailing dot, empty labels, odd characters", async (t) => {
  for (const host of [
    "api.example.com.",
    "api..example.com",
    ".example.com",
    "a$b.test",
    "a~b.test",
    "localhost.",
  ]) {
    reject(t, `http://${host}/`, /host .* not in canonical form/);
  }
  reject(t, `http://${"a".repeat(63)}.${"b.".repeat(120)}test/`, /not in canonical form|not valid/);
});

t.test("what URL refuses is refused: NUL and slash in the host, numbers that are no address", async (t) => {
  for (const host of ["ex%00a", "ex%2fa", "foo.0x1", "1.2.3.4.5", "999.1.1.1", "[::1%25eth0]", ""]) {
    reject(t, `http://${host}/`, /URL/);
  }
});

t.test("a homograph becomes punycode, which no grant of the real name covers", async (t) => {
  t.equal(parseTarget("https://ex\u0430mple.com/").host, "xn--exmple-4nf.com");
});

t.test("credentials in a URL are refused and not shown", async (t) => {
  for (const url of ["http://user:secret@a.test/", "http://secret@a.test/", "http://:secret@a.test/"]) {
    reject(t, url, /^URL holds credentials$/);
  }
});

t.test("only HTTP is fetched", async (t) => {
  for (const url of [
    "file:///etc/passwd",
    "data:text/plain,x",
    "ftp://a.test/",
    "blob:http://a.test/x",
    "unix:/run/x",
  ]) {
    reject(t, url, /scheme/);
  }
});

t.test("a URL is bounded", async (t) => {
  reject(t, `http://a.test/${"x".repeat(16_384)}`, /longer than 16384 characters/);
});

t.test(
  "a long host name takes no time, however the URL is written: the work of IDNA grows with its square",
  async (t) => {
    const name = Array.from({ length: 5300 }, (_, i) => String.fromCharCode(0x4e00 + i)).join("");
    const base = parseTarget("https://a.test/b/");
    const written = [
      `https://${name}/`,
      ` \t\n\0https://${name}/`,
      `ht\ttp\ns:/\t/\r${name}/`,
      `https:${name}`,
      `https:\\\\\\/${name}`,
      `http:${name}`,
      `ftp://${name}/`,
      `file://${name}/`,
      `https://user:password@${name}/`,
      `https://${encodeURIComponent(name.slice(0, 1500))}/`,
      `https://${"xn--".repeat(1000)}/`,
      `https://${"a".repeat(513)}/`,
    ];
    const relative = [
      `//${name}/`,
      `\\\\${name}`,
      `/\\/${name}?x`,
      ` /\t/\n${name}`,
      `///${name}`,
      `https:${name}`,
    ];
    for (const [texts, from] of [
      [[...written, ...relative], base],
      [written, undefined],
    ] as const) {
      for (const text of texts) {
        const began = performance.now();
        t.throws(
          () => parseTarget(text, from),
          { name: "TypeError", message: /longer than 512/ },
          text.slice(0, 20),
        );
        const took = performance.now() - began;
        t.ok(took < 10, `${text.slice(0, 20)}: ${took.toFixed(1)} ms`);
      }
    }
  },
);

t.test("a long path is no long authority, encoded or not", async (t) => {
  const base = parseTarget("https://a.test/b/");
  const segment = encodeURIComponent("ü".repeat(1000));
  const told = { origin: "https://a.test" };
  for (const text of [segment, `/${segment}`, `?q=//${segment}`, `#//${segment}`, `c//${segment}`])
    t.match(parseTarget(text, base), told);
  t.match(parseTarget(`https://a.test/${segment}//${segment}`), { ...told, path: `/${segment}//${segment}` });
  t.match(parseTarget(`https://a.test?${segment}`), told);
  t.match(parseTarget(`https://${"a".repeat(63)}.${"b.".repeat(94)}c/`), { hostKind: "name" });
});
