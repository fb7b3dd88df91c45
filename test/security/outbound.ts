/** Ways to hosts that were not granted: by address and by name. Redirects and DNS stand in run-detours.ts. */
import type { Attack } from "./attack.ts";

/** Loopback and others, as people have written them to get past a filter of texts. */
const addresses = [
  "http://127.0.0.1/",
  "http://127.1/",
  "http://2130706433/",
  "http://0x7f000001/",
  "http://0x7f.0.0.1/",
  "http://0177.0.0.1/",
  "http://127.0.0.1./",
  "http://[::1]/",
  "http://[::ffff:127.0.0.1]/",
  "http://[::ffff:7f00:1]/",
  "http://[0:0:0:0:0:0:0:1]/",
  "http://[64:ff9b::7f00:1]/",
  "http://0.0.0.0/",
  "http://0/",
  "http://169.254.169.254/latest/meta-data/",
  "http://[fd00:ec2::254]/",
  "http://metadata.google.internal/",
  "http://10.0.0.1/",
  "http://localhost/",
  "http://LOCALHOST./",
  "http://a.localhost/",
  "http://granted.test@127.0.0.1/",
  "http://127.0.0.1#@granted.test/",
  "http://granted.test:80@127.0.0.1/",
  "http://granted.test.evil.test/",
  "http://xgranted.test/",
  "http://granted.test:8080/",
  "https://granted.test/",
  "http://granted\u3002test.evil.test/",
  "http://\u2460\u2461\u2466.0.0.1/",
  "ftp://granted.test/",
  "file:///etc/passwd",
  "data:text/plain,x",
  "blob:http://granted.test/x",
  "unix:/var/run/docker.sock",
  "http://unix:/var/run/docker.sock:/x",
];

/** Tells which of the URLs gave anything but a refusal before a byte was sent. */
const trying = (urls: readonly string[], init = "{}") => `const got = [];
  for (const url of ${JSON.stringify(urls)}) {
    try { const r = await fetch(url, ${init}); got.push(url + " " + r.status) }
    catch (error) { if (!/^(TypeError|NotAllowedError)$/.test(error.name) || /ECONN|EHOST|ENOTFOUND|timeout|socket/i.test(error.message)) got.push(url + " " + error) }
  }
  return Response.json(got);`;

export const outboundAttacks: readonly Attack[] = [
  {
    title: "hosts that were not granted are not asked, however they are written",
    plugin: `capabilities: { fetch: ["http://granted.test"] }, limits: { fetches: 100 }, async onRequest() { ${trying(addresses)} }`,
    body: "[]",
    limits: { cpu: 2000 },
    fault: null,
  },
  {
    title: "a plugin without a grant asks nobody",
    plugin: `async onRequest() { ${trying(["http://granted.test/", "http://127.0.0.1/", "https://a.test/"])} }`,
    body: "[]",
    limits: { cpu: 2000 },
    fault: null,
  },
  {
    title: "a granted name that resolves to this machine is not asked",
    plugin: `capabilities: { fetch: ["http://localhost", "http://localhost:*"] as any }, async onRequest() { ${trying(["http://localhost/", "http://localhost./"])} }`,
    body: "[]",
    limits: { cpu: 2000 },
    fault: null,
  },
  {
    title: "methods of tunnels are not sent",
    plugin: `capabilities: { fetch: ["http://granted.test"] }, async onRequest() {
      const got = [];
      for (const method of ["CONNECT", "connect", "TRACE", "TRACK", "GET / HTTP/1.1\\r\\nX: y", "A B", ""])
        try { await fetch("http://granted.test/", { method }); got.push(method) } catch (error) { if (error.name !== "TypeError") got.push(method + error) }
      return Response.json(got);
    }`,
    body: "[]",
    limits: { cpu: 2000 },
    fault: null,
  },
  {
    title: "fields of an outbound request end no line",
    plugin: `capabilities: { fetch: ["http://granted.test"] }, async onRequest() {
      const got = [];
      for (const value of ["a\\r\\nX: y", "a\\nX: y", "a\\rX: y", "a\\0X: y", "a\\u010d\\u010aX: y"])
        for (const headers of [[["x-a", value]], [[value, "x"]], { "x-a": value }])
          try { await fetch("http://granted.test/", { headers }); got.push(value) } catch (error) { if (error.name !== "TypeError") got.push(value + error) }
      return Response.json(got);
    }`,
    body: "[]",
    limits: { cpu: 2000 },
    fault: null,
  },
];
