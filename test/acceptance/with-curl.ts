import { createHash, randomBytes } from "node:crypto";
import type { Test } from "tap";
import { ask, content, curl } from "./curl.ts";

/**
 * What curl does with a Node service.
 *
 * @param direct URL of the service
 * @param proxied URL of Sluice in front of it
 */
export function withCurl(t: Test, direct: string, proxied: string): void {
  t.test("the service learns who asked, and the rest is as it was sent", async (t) => {
    const { headers } = JSON.parse(await curl([`${proxied}/`]));
    t.match(headers, { "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "http", via: /^1\.1 sluice/ });
    t.equal(headers.host, new URL(proxied).host);
  });

  const requests: Record<string, readonly string[]> = {
    "a chunked response": ["/chunked"],
    "a head": ["/chunked", "--head"],
    "an answer to HTTP/1.0": ["/chunked", "--http1.0"],
    "a form": ["/echo", "--data", "name=value"],
    "a chunked request": ["/echo", "--data", "in chunks", "--header", "Transfer-Encoding: chunked"],
    "a redirect": ["/moved"],
    "a 404": ["/none"],
  };
  for (const [name, [path, ...options]] of Object.entries(requests)) {
    t.test(`${name} is what the service itself answers`, async (t) => {
      const answer = await ask([...options, proxied + path]);
      t.same(content(answer), content(await ask([...options, direct + path])));
    });
  }

  t.test("an upload of 20 MB from a pipe arrives whole", async (t) => {
    const upload = randomBytes(20_000_000);
    const sha256 = createHash("sha256").update(upload).digest("hex");
    const seen = { method: "PUT", bytes: upload.length, sha256 };
    t.same(JSON.parse(await curl(["--upload-file", "-", `${proxied}/upload`], upload)), seen);
    const expecting = ["--request", "PUT", "--data-binary", "@-", "--header", "Expect: 100-continue"];
    const talk = await curl(["--verbose", "--stderr", "-", ...expecting, `${proxied}/upload`], upload);
    t.match(talk, "< HTTP/1.1 100 Continue");
    t.match(talk, JSON.stringify(seen));
  });

  t.test("a redirect that keeps the method keeps the body", async (t) => {
    const answer = await curl(["--location", "--data", "again", `${proxied}/kept`]);
    t.match(JSON.parse(answer), { method: "POST", bytes: 5 });
  });

  t.test("an upgrade becomes a tunnel that ends when the service hangs up", async (t) => {
    const upgrade = ["--header", "Connection: Upgrade", "--header", "Upgrade: websocket"];
    const { status, fields, body } = await ask([...upgrade, `${proxied}/greeting`]);
    t.equal(status, 101);
    t.equal(fields["upgrade"], "websocket");
    t.equal(body, "hello");
  });
}
