import { readFileSync } from "node:fs";
import t, { type Test } from "tap";
import type { ClusterTls } from "../../../core/config/model.ts";
import { prepareClientTls } from "../../../core/net/tls/client-tls.ts";
import { createAuthority, type IssuedFiles } from "../../net/certificates.ts";
import { ok, type RawUpstream, startUpstream } from "../../support/raw-upstream.ts";
import { startChecking } from "./checking.ts";

const authority = createAuthority(t.testdir());
const forAddress = authority.issue("address", ["127.0.0.1"]);
const forName = authority.issue("name", ["service.test"]);

const trusted: ClusterTls = { verify: true, ca: authority.file, serverName: null, cert: null, key: null };

function startTlsUpstream(t: Test, files: IssuedFiles): Promise<RawUpstream> {
  const tls = { cert: readFileSync(files.cert), key: readFileSync(files.key) };
  return startUpstream(t, () => ok(), { tls });
}

/** TLS towards an upstream, as the cluster's endpoint has it. */
function clientTls(config: ClusterTls, { address }: RawUpstream) {
  return prepareClientTls(config, { address, weight: 1, zone: null, priority: 0, authority: "service.test" });
}

t.test("a check speaks TLS as the cluster does, with HTTP and without, also when it resumes", async (t) => {
  const upstream = await startTlsUpstream(t, forAddress);
  const { add, outcome, passUntilCheck } = startChecking(t);
  add(upstream.address, {}, clientTls(trusted, upstream)).describe();
  t.same(await outcome(1), { ok: true });
  passUntilCheck();
  t.same(await outcome(2), { ok: true });
  const plain = startChecking(t);
  plain.add(upstream.address, { http: null }, clientTls(trusted, upstream));
  t.same(await plain.outcome(1), { ok: true });
});

t.test("a server name of the config is verified", async (t) => {
  const upstream = await startTlsUpstream(t, forName);
  const { add, outcome } = startChecking(t);
  add(upstream.address, {}, clientTls({ ...trusted, serverName: "service.test" }, upstream));
  t.same(await outcome(1), { ok: true });
});

for (const [how, http] of [
  ["with HTTP", {}],
  ["without HTTP", { http: null }],
] as const) {
  t.test(`a certificate for another name or of an unknown authority is unhealthy, ${how}`, async (t) => {
    const upstream = await startTlsUpstream(t, forName);
    const { add, outcome } = startChecking(t);
    const other = add(upstream.address, http, clientTls(trusted, upstream));
    t.match(await outcome(1), { ok: false, reason: "tls_certificate" });
    other.check.remove();
    const unknown = { ...trusted, ca: null, serverName: "service.test" };
    add(upstream.address, http, clientTls(unknown, upstream));
    t.match(await outcome(2), { ok: false, reason: "tls_certificate" });
  });

  t.test(`a server that speaks no TLS is unhealthy, ${how}`, async (t) => {
    const upstream = await startUpstream(t);
    const { add, outcome } = startChecking(t);
    add(upstream.address, http, clientTls(trusted, upstream));
    const peer = await upstream.connection();
    peer.write("HTTP/1.1 400 Bad Request\r\n\r\n");
    peer.close();
    t.match(await outcome(1), { ok: false, reason: "tls_failed" });
  });

  t.test(`a handshake that hangs is ended by the timeout, ${how}`, async (t) => {
    const upstream = await startUpstream(t);
    const { add, outcome, pass } = startChecking(t);
    add(upstream.address, http, clientTls(trusted, upstream));
    const peer = await upstream.connection();
    await peer.takeLength(1);
    pass(2150);
    t.match(await outcome(1), { ok: false, reason: "timeout", detail: /no connection in 2000 ms/ });
    await peer.ended();
  });
}
