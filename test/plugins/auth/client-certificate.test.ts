import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import t, { type Test } from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { createAuthority } from "../../net/certificates.ts";
import { listenerTls, portOf } from "../../net/configs.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { engines, onEachEngine } from "../../support/each-engine.ts";
import { field } from "../../support/message.ts";
import { missing } from "../../support/missing.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

const folder = mkdtempSync(join(tmpdir(), "sluice-auth-"));
t.teardown(() => rmSync(folder, { recursive: true }));

type Settings = Parameters<typeof startBuiltInGateway>[3];

/** A listener that asks for certificates, with a strategy for them, and what it answers to the holder of one. */
function startTls() {
  const authority = createAuthority(folder);
  const server = authority.issue("server", ["localhost"]);
  const listener = {
    tls: { ...listenerTls(server), clientCa: authority.file, clientCertificate: "optional" as const },
  };

  async function start(t: Test, strategy: object, settings: Settings = {}) {
    const config = { strategies: [{ type: "client-certificate", ...strategy }] };
    const service = await startUpstream(t, (request) =>
      ok(`${field(request, "x-auth-subject")} ${field(request, "x-auth-scopes") ?? ""}`),
    );
    const uses = [{ plugin: "auth", config }];
    const gateway = await startBuiltInGateway(t, service.address, uses, { listener, ...settings });
    return (name: string | null, names: readonly string[] = []) => {
      const files = name === null ? null : authority.issue(name, names);
      const own = files && { cert: readFileSync(files.cert), key: readFileSync(files.key) };
      const to = { host: "127.0.0.1", port: portOf(gateway.address), servername: "localhost", agent: false };
      return new Promise<string>((resolve, reject) => {
        request({ ...to, ca: readFileSync(authority.file), ...own }, async (response) => {
          const body = await text(response);
          resolve(response.statusCode === 200 ? body.trim() : String(response.statusCode));
        })
          .on("error", reject)
          .end();
      });
    };
  }
  return start;
}

t.test("over real TLS", { skip: missing("openssl") }, async (t) => {
  const start = startTls();

  for (const engine of engines) {
    t.test(`a certificate is its holder's name, and none is nobody, on ${engine}`, async (t) => {
      const ask = await start(t, {}, { engine });
      t.equal(await ask("billing"), "billing");
      t.equal(await ask(null), "401");
    });
  }

  t.test("the first rule that fits says who it is and what it may do", async (t) => {
    const rules = [
      { dns: "*.orders.internal", cn: "a", subject: "orders", scopes: ["read", "write"] },
      { dns: "*.orders.internal", scopes: ["read"] },
    ];
    const ask = await start(t, { subjectFrom: "dns", rules });
    t.equal(await ask("a", ["x.orders.internal"]), "orders read write");
    t.equal(await ask("b", ["X.Orders.internal", "other.test"]), "x.orders.internal read");
    t.equal(await ask("c", ["orders.internal"]), "401");
    t.equal(await ask("d", ["x.y.orders.internal"]), "401");
    t.equal(await ask("x.orders.internal"), "401", "a common name is no DNS name");
  });

  t.test("attack: a certificate with two names is not believed one of them", async (t) => {
    const byName = await start(t, {});
    t.equal(await byName("eve+CN=admin"), "401");
    const byDns = await start(t, { subjectFrom: "dns" });
    t.equal(await byDns("a", ["a.test", "admin.test"]), "401");
    t.equal(await byDns("b", ["b.test"]), "b.test");
  });

  t.test("an issuer that is another one is refused", async (t) => {
    const ask = await start(t, { rules: [{ cn: "a", issuer: "Another authority" }] });
    t.equal(await ask("a"), "401");
    const right = await start(t, { rules: [{ cn: "a", issuer: "Test authority" }] });
    t.equal(await right("a"), "a");
  });
});

onEachEngine("a connection without TLS has no certificate, whatever its fields say", async (t, engine) => {
  const config = { strategies: [{ type: "client-certificate" }] };
  await using gateway = await testGateway({ plugins: [["auth", config]], engine });
  const headers = {
    "client-cert": ":MIIB:",
    "x-forwarded-client-cert": "Subject=CN=admin",
    "x-ssl-verified": "SUCCESS",
  };
  const response = await gateway.fetch("https://localhost/", { headers });
  t.equal(response.status, 401);
  t.equal(response.headers.get("www-authenticate"), 'ClientCertificate realm="api"');
  t.same(gateway.faults, []);
});

onEachEngine("a rule that fits everything, or nothing, is refused when it is loaded", async (t, engine) => {
  for (const [rule, message] of [
    [{ scopes: ["all"] }, /fit every certificate/],
    [{ fingerprint: "ab:cd" }, /fingerprint is not a SHA-256/],
    [{ dn: "x" }, /rules\/0\/dn is not a setting/],
  ] as const) {
    const config = { strategies: [{ type: "client-certificate", rules: [rule] }] };
    await t.rejects(testGateway({ plugins: [["auth", config]], engine }), { message });
  }
});
