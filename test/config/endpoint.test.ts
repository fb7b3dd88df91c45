import t from "tap";
import { parseEndpoint } from "../../core/config/endpoint.ts";

t.test("parseEndpoint reads scheme, host and port", async (t) => {
  t.same(parseEndpoint("http://127.0.0.1:3000"), {
    address: { host: "127.0.0.1", port: 3000 },
    weight: 1,
    zone: null,
    priority: 0,
    authority: "127.0.0.1:3000",
    secure: false,
  });
  t.match(parseEndpoint("https://API.internal/"), {
    address: { host: "api.internal", port: 443 },
    authority: "api.internal",
    secure: true,
  });
  t.match(parseEndpoint("http://[::1]:80"), { address: { host: "::1", port: 80 }, authority: "[::1]:80" });
  t.match(parseEndpoint("unix:/run/app.sock", { weight: 3 }), {
    address: { path: "/run/app.sock" },
    weight: 3,
    secure: false,
  });
});

t.test("parseEndpoint refuses paths, credentials and hosts that URL parsers disagree on", async (t) => {
  const refused = [
    "127.0.0.1:3000",
    "http:/127.0.0.1",
    "http://",
    "http://host:0",
    "http://host:99999",
    "http://host/base",
    "http://host?x",
    "http://host#x",
    "http://bob:secret@host",
    "http://host:80@evil",
    "http://0x7f.1",
    "http://ho st",
    "http://host\\@evil",
    "http://[::1",
    "ftp://host",
    "http://host:",
  ];
  for (const text of refused) t.equal(parseEndpoint(text), null, text);
});
