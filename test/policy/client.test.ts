/** What policies are told of the client: its address, its scheme, its TLS. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { createAuthority } from "../net/certificates.ts";
import { listenerTls, portOf } from "../net/configs.ts";
import { until } from "../net/until.ts";
import { get } from "../support/gateway.ts";
import { missing } from "../support/missing.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);

const plugins = {
  "who.ts":
    "export default { onRequest(request, ctx) { return Response.json({ ...ctx.client, url: request.url }); } };",
};

t.test("a stranger's word about its client and its scheme counts for nothing", async (t) => {
  const upstream = await startUpstream(t, () => ok("upstream"));
  const gateway = await startPolicyGateway(t, upstream.address, { plugins });
  const { body } = await gateway.ask(get("/a", "X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https"));
  t.same(JSON.parse(body), { address: "127.0.0.1", tls: null, url: "http://a.test/a" });
});

t.test("a trusted proxy's word counts, as far back as proxies are trusted", async (t) => {
  const upstream = await startUpstream(t, () => ok("upstream"));
  const forwarding = { trustedProxies: ["127.0.0.0/8", "10.0.0.0/8"] };
  const gateway = await startPolicyGateway(t, upstream.address, { plugins, forwarding });
  const hops = "X-Forwarded-For: 198.51.100.1, 203.0.113.7, 10.0.0.2";
  const { body } = await gateway.ask(get("/a", hops, "X-Forwarded-Proto: https"));
  t.same(JSON.parse(body), { address: "203.0.113.7", tls: null, url: "https://a.test/a" });
});

t.test("a client's certificate is told", { skip: missing("openssl") }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-client-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const authority = createAuthority(folder);
  const server = authority.issue("server", ["localhost"]);
  const client = authority.issue("billing", ["billing.test"]);
  const upstream = await startUpstream(t, () => ok("upstream"));
  const tls = { ...listenerTls(server), clientCa: authority.file, clientCertificate: "optional" } as const;
  const gateway = await startPolicyGateway(t, upstream.address, { plugins, listener: { tls } });
  const ask = (options: object) =>
    new Promise<Record<string, unknown>>((resolve, reject) => {
      const to = { host: "127.0.0.1", port: portOf(gateway.address), servername: "localhost", agent: false };
      const ca = readFileSync(authority.file);
      request({ ...to, ca, ...options }, (response) => resolve(json(response) as never))
        .on("error", reject)
        .end();
    });
  t.match(await ask({}), { tls: { protocol: "TLSv1.3", serverName: "localhost", certificate: null } });
  const known = await ask({ cert: readFileSync(client.cert), key: readFileSync(client.key) });
  t.match(known, {
    address: "127.0.0.1",
    url: /^https:/,
    tls: {
      certificate: {
        subject: /CN=billing/,
        issuer: /CN=/,
        subjectAltName: "DNS:billing.test",
        serialNumber: /^[0-9A-F]+$/,
        fingerprint256: /^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/,
      },
    },
  });
});

t.test(
  "The access log and onLog of a policy before it say whom the policies took the client for",
  async (t) => {
    const upstream = await startUpstream(t, () => ok());
    const gateway = await startPolicyGateway(t, upstream.address, {
      plugins: {
        "a.ts": "export default { onLog(record, ctx) { ctx.log.info(String(record.subject)); } };",
        "b.ts": `export default {
        capabilities: { identity: true },
        onRequest(request, ctx) {
          if (request.headers.has("x-user")) {
            ctx.identity = { subject: request.headers.get("x-user"), method: "field", claims: {}, scopes: [], groups: [] };
          }
        },
      };`,
      },
    });
    await gateway.ask(get("/", "X-User: ada"));
    t.equal((await gateway.record(1)).subject, "ada");
    await gateway.ask(get());
    t.notOk("subject" in (await gateway.record(2)));
    await until(() => gateway.lines.length === 2);
    t.same(
      gateway.lines.map(({ message }) => message),
      ["ada", "undefined"],
    );
  },
);
