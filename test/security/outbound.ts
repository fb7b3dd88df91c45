/**
 * Ways to hosts that were not granted: by address and by name. Redirects and more of DNS stand in run-detours.ts.
 *
 * At `port` this machine listens, on all of its addresses, and every name is one of this machine's: run-outbound.ts
 * counts what arrives, and which names were asked for.
 */
import type { Attack } from "./attack.ts";

export interface OutboundAttack extends Attack {
  /** Names that may be asked for; default: none. */
  readonly resolved?: readonly string[];
}

/** Loopback and others, as people have written them to get past a filter of texts. */
const addresses = (port: number) => [
  `http://127.0.0.1:${port}/`,
  `http://127.1:${port}/`,
  `http://2130706433:${port}/`,
  `http://0x7f000001:${port}/`,
  `http://0x7f.0.0.1:${port}/`,
  `http://0177.0.0.1:${port}/`,
  `http://127.0.0.1.:${port}/`,
  `http://[::1]:${port}/`,
  `http://[::ffff:127.0.0.1]:${port}/`,
  `http://[::ffff:7f00:1]:${port}/`,
  `http://[0:0:0:0:0:0:0:1]:${port}/`,
  `http://[64:ff9b::7f00:1]:${port}/`,
  `http://0.0.0.0:${port}/`,
  `http://0:${port}/`,
  "http://169.254.169.254/latest/meta-data/",
  "http://[fd00:ec2::254]/",
  "http://metadata.google.internal/",
  "http://10.0.0.1/",
  `http://localhost:${port}/`,
  `http://LOCALHOST.:${port}/`,
  `http://a.localhost:${port}/`,
  `http://granted.test@127.0.0.1:${port}/`,
  `http://127.0.0.1:${port}#@granted.test/`,
  `http://granted.test:80@127.0.0.1:${port}/`,
  `http://granted.test.evil.test:${port}/`,
  `http://xgranted.test:${port}/`,
  `http://granted.test:${port + 1}/`,
  "http://granted.test/",
  `https://granted.test:${port}/`,
  `http://granted\u3002test.evil.test:${port}/`,
  `http://\u2460\u2461\u2466.0.0.1:${port}/`,
  "ftp://granted.test/",
  "file:///etc/passwd",
  "data:text/plain,x",
  "blob:http://granted.test/x",
  "unix:/var/run/docker.sock",
  "http://unix:/var/run/docker.sock:/x",
];

/** Refusals before anything is looked up or sent; what comes of an attempt has other words (core/sandbox/host/fetch/failure.ts). */
const refusals = {
  urls: /^NotAllowedError: .* is not granted: add |^TypeError: fetch failed: URL has the (?:scheme|host) |^TypeError: The URL of a request holds credentials$/,
  methods: /^TypeError: (?:A request cannot have the method [A-Z]+|The method of a request is not a token)$/,
  fields:
    /^TypeError: Field (?:name .* is not a token|value has a NUL, CR or LF inside|value has a character beyond U\+00FF)$/,
};

/** Tells which of the URLs gave anything else. */
const trying = (urls: readonly string[]) => `const got = [];
  for (const url of ${JSON.stringify(urls)}) {
    try { const r = await fetch(url); got.push(url + " " + r.status) }
    catch (error) { if (!${refusals.urls}.test(error)) got.push(url + " " + error) }
  }
  return Response.json(got);`;

export const outboundAttacks = (port: number): readonly OutboundAttack[] => [
  {
    title: "hosts that were not granted are not asked, however they are written",
    plugin: `capabilities: { fetch: ["http://granted.test:${port}"] }, limits: { fetches: 100 }, async onRequest() { ${trying(addresses(port))} }`,
    body: "[]",
    limits: { cpu: 2000 },
    fault: null,
  },
  {
    title: "a plugin without a grant asks nobody",
    plugin: `async onRequest() { ${trying([`http://granted.test:${port}/`, `http://127.0.0.1:${port}/`, `https://a.test:${port}/`])} }`,
    body: "[]",
    limits: { cpu: 2000 },
    fault: null,
  },
  {
    title: "a granted name that resolves to this machine is not connected to",
    plugin: `capabilities: { fetch: ["http://rebound.test:${port}"] }, async onRequest() {
      try { return new Response("connected: " + (await fetch("http://rebound.test:${port}/")).status) }
      catch (error) { return new Response(error) }
    }`,
    body: /^NotAllowedError: .*rebound\.test has an address that is not public/,
    resolved: ["rebound.test"],
    limits: { cpu: 2000 },
    fault: null,
  },
  {
    title: "methods of tunnels are not sent",
    plugin: `capabilities: { fetch: ["http://granted.test:${port}"] }, async onRequest() {
      const got = [];
      for (const method of ["CONNECT", "connect", "TRACE", "TRACK", "GET / HTTP/1.1\\r\\nX: y", "A B", ""])
        try { await fetch("http://granted.test:${port}/", { method }); got.push(method) }
        catch (error) { if (!${refusals.methods}.test(error)) got.push(method + error) }
      return Response.json(got);
    }`,
    body: "[]",
    limits: { cpu: 2000 },
    fault: null,
  },
  {
    title: "fields of an outbound request end no line",
    plugin: `capabilities: { fetch: ["http://granted.test:${port}"] }, async onRequest() {
      const got = [];
      for (const value of ["a\\r\\nX: y", "a\\nX: y", "a\\rX: y", "a\\0X: y", "a\\u010d\\u010aX: y"])
        for (const headers of [[["x-a", value]], [[value, "x"]], { "x-a": value }])
          try { await fetch("http://granted.test:${port}/", { headers }); got.push(value) }
          catch (error) { if (!${refusals.fields}.test(error)) got.push(value + error) }
      return Response.json(got);
    }`,
    body: "[]",
    limits: { cpu: 2000 },
    fault: null,
  },
];
