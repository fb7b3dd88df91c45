import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { WebSocket } from "ws";
import { createAuthority } from "../net/certificates.ts";
import { curl } from "./curl.ts";
import type { InstalledSluice } from "./installed-sluice.ts";
import { startNode } from "./node-service.ts";

/** Certificates in front of Sluice and verified behind it. */
export async function behindTls(t: Test, installed: InstalledSluice, folder: string): Promise<void> {
  const authority = createAuthority(folder);
  const { cert, key } = authority.issue("localhost", ["localhost", "127.0.0.1"]);
  const service = await startNode({ cert: readFileSync(cert), key: readFileSync(key) });
  t.teardown(() => service[Symbol.asyncDispose]());
  writeFileSync(
    join(folder, "sluice.yaml"),
    `listeners:
  - address: 127.0.0.1:0
    tls: { certificates: [{ cert: ${cert}, key: ${key} }] }
clusters:
  app: { endpoints: ["${service.url}"], tls: { ca: ${authority.file} } }
`,
  );
  const sluice = await installed.serve([], { cwd: folder });
  t.teardown(() => sluice[Symbol.asyncDispose]());
  const url = sluice.url.replace("http:", "https:");

  t.test("curl trusts the authority, and the service learns the scheme", async (t) => {
    const { headers } = JSON.parse(await curl(["--cacert", authority.file, url]));
    t.match(headers, { "x-forwarded-proto": "https" });
  });

  t.test("curl that does not know the authority refuses", async (t) => {
    await t.rejects(curl([url]), { message: /ended with 60/ });
  });

  t.test("a WebSocket client talks over TLS", async (t) => {
    const socket = new WebSocket(`${url.replace("https", "wss")}/socket`, { ca: authority.pem });
    await once(socket, "open");
    socket.send("hello");
    t.equal(String((await once(socket, "message"))[0]), "hello");
    socket.close();
    await once(socket, "close");
  });

  t.test("an endpoint with an unknown authority is refused", async (t) => {
    await using wary = await installed.serve(["--upstream", service.url]);
    const response = await fetch(wary.url);
    t.equal(response.status, 502);
    t.match(await response.json(), { code: "tls_certificate" });
  });
}
