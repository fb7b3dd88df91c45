import t from "tap";
import { followRedirect, type Hop } from "../../../core/sandbox/host/fetch/redirect.ts";
import { parseTarget } from "../../../core/sandbox/host/outbound/target.ts";
import { ask, startHost, startServer } from "./hosts.ts";

const fields = [
  ["authorization", "secret"],
  ["cookie", "secret"],
  ["content-type", "text/plain"],
  ["x-mine", "kept"],
] as const;

function hop(method: string, body: Hop["body"] = null): Hop {
  return { method, body, fields, target: parseTarget("https://a.test/dir/page") };
}

t.test("which redirects become GET is as the fetch standard says", async (t) => {
  const body = Buffer.from("x");
  const methods = (status: number) =>
    ["GET", "HEAD", "POST", "PUT", "DELETE"].map(
      (method) => followRedirect(hop(method, body), status, ["/x"]).method,
    );
  for (const status of [301, 302]) t.same(methods(status), ["GET", "HEAD", "GET", "PUT", "DELETE"]);
  t.same(methods(303), ["GET", "HEAD", "GET", "GET", "GET"]);
  for (const status of [307, 308]) t.same(methods(status), ["GET", "HEAD", "POST", "PUT", "DELETE"]);
  const next = followRedirect(hop("POST", body), 303, ["../other?q"]);
  t.equal(next.body, null);
  t.equal(next.target.path, "/other?q");
  t.notOk(next.fields.some(([name]) => name === "content-type"));
  t.equal(followRedirect(hop("POST", body), 307, ["/x"]).body, body);
});

t.test("credentials stay with their origin: another host, port or scheme does not get them", async (t) => {
  const names = (location: string) =>
    followRedirect(hop("GET"), 302, [location]).fields.map(([name]) => name);
  t.same(names("/same"), ["authorization", "cookie", "content-type", "x-mine"]);
  for (const location of [
    "https://b.test/",
    "https://x.a.test/",
    "https://a.test:8443/",
    "http://a.test/",
    "//b.test/",
  ]) {
    t.same(names(location), ["content-type", "x-mine"], location);
  }
});

t.test("a redirect that cannot be followed is an error", async (t) => {
  const fault =
    (location: string[], from = hop("GET")) =>
    () =>
      followRedirect(from, 307, location);
  for (const location of [
    "file:///etc/passwd",
    "data:,x",
    "http://user:pass@b.test/",
    "http://",
    "https://b.test./",
  ]) {
    t.throws(
      fault([location]),
      { name: "TypeError", message: /redirect 307 of https:\/\/a\.test has a Location/ },
      location,
    );
  }
  t.throws(fault(["/a", "/b"]), { message: /more than one Location/ });
  t.throws(fault(["/a"], hop("POST", "stream")), { message: /cannot be sent again/ });
});

t.test("a redirect to an origin without a grant is refused, wherever in the chain", async (t) => {
  let reached = 0;
  const inner = await startServer(t, (_request, response) => {
    reached++;
    response.end("metadata");
  });
  const innerPort = new URL(inner.origin).port;
  const { origin } = await startServer(t, ({ url }, response) => {
    response.writeHead(302, { location: url === "/2" ? "/1" : decodeURIComponent(url!.slice(1)) }).end();
  });
  const host = startHost(t, { grants: [origin] });
  for (const to of [
    inner.origin,
    `http://0x7f.1:${innerPort}`,
    `http://localhost:${innerPort}`,
    `//127.0.0.1:${innerPort}/x`,
  ]) {
    await t.rejects(
      ask(host, `${origin}/${encodeURIComponent(to)}`),
      { name: "NotAllowedError", message: /is not granted: add/ },
      to,
    );
  }
  t.equal(reached, 0);
});

t.test("a redirect to a granted name that leads into the private network is refused", async (t) => {
  const { origin } = await startServer(t, (_request, response) => {
    response.writeHead(302, { location: "http://inside.example.com/" }).end();
  });
  const host = startHost(t, {
    grants: [origin, "http://*.example.com"],
    resolve: async () => [{ address: "10.0.0.1", family: 4 }],
  });
  await t.rejects(ask(host, origin), {
    name: "NotAllowedError",
    message: /inside\.example\.com has an address that is not public/,
  });
});

t.test("redirects end: in a loop, after ten, with the body of the last", async (t) => {
  let requests = 0;
  const { origin } = await startServer(t, ({ url }, response) => {
    requests++;
    const left = Number(url!.slice(1));
    if (left === 0) response.end("there");
    else response.writeHead(302, { location: url === "/99" ? "/99" : `/${left - 1}` }).end("moved");
  });
  const host = startHost(t, { grants: [origin] });
  t.match(await ask(host, `${origin}/10`), { content: "there", redirected: true, url: `${origin}/0` });
  await t.rejects(ask(host, `${origin}/11`), { name: "TypeError", message: /more than 10 redirects/ });
  requests = 0;
  await t.rejects(ask(host, `${origin}/99`), { message: /more than 10 redirects/ });
  t.equal(requests, 11);
});

t.test("the body of a redirect holds nothing up: it is bounded in bytes and in time", async (t) => {
  const { origin } = await startServer(t, ({ url }, response) => {
    if (url === "/there") return response.end("there");
    response.writeHead(302, { location: "/there" });
    if (url === "/slow") return response.write("x");
    const flood = () => {
      while (response.write(Buffer.alloc(65_536)));
    };
    response.on("drain", flood);
    flood();
    return response;
  });
  const host = startHost(t, { grants: [origin], limits: { timeoutMs: 500 } });
  t.equal((await ask(host, `${origin}/flood`)).content, "there");
  await t.rejects(ask(host, `${origin}/slow`), { name: "TimeoutError" });
});

t.test("a redirect without Location, and one that is asked to stay, are responses", async (t) => {
  const { origin } = await startServer(t, ({ url }, response) => {
    response.writeHead(302, url === "/none" ? {} : { location: "http://elsewhere.test/" }).end("see");
  });
  const host = startHost(t, { grants: [origin] });
  t.match(await ask(host, `${origin}/none`), { status: 302, content: "see", redirected: false });
  t.match(await ask(host, `${origin}/x`, { redirect: "manual" }), { status: 302, content: "see" });
});
