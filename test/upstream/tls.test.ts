import { readFileSync } from "node:fs";
import type { TLSSocket, TlsOptions } from "node:tls";
import t, { type Test } from "tap";
import type { ClusterTls } from "../../core/config/model.ts";
import { createAuthority, type IssuedFiles } from "../net/certificates.ts";
import { get, startGateway, type TestGateway } from "../support/gateway.ts";
import { field, readMessage } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";
import { settled } from "../support/settled.ts";

const authority = createAuthority(t.testdir());
const forAddress = authority.issue("address", ["127.0.0.1"]);
const forName = authority.issue("name", ["service.test"]);
const ofClient = authority.issue("client", []);

const trusted: ClusterTls = { verify: true, ca: authority.file, serverName: null, cert: null, key: null };

/** A TLS service that answers with the server name it was asked for and the name of the client. */
async function behindTls(
  t: Test,
  files: IssuedFiles,
  tls: ClusterTls,
  options: TlsOptions = {},
): Promise<TestGateway> {
  const upstream = await startUpstream(
    t,
    (_request, { socket }) => {
      const { servername, getPeerCertificate } = socket as TLSSocket & { servername: string | false };
      const peer = getPeerCertificate.call(socket);
      return ok(`${servername || "no name"}, ${peer?.subject?.CN ?? "no client"}`);
    },
    { tls: { cert: readFileSync(files.cert), key: readFileSync(files.key), ...options } },
  );
  return startGateway(t, upstream.address, { cluster: { tls } });
}

t.test("an endpoint is verified by the address it is reached at", async (t) => {
  const proxy = await behindTls(t, forAddress, trusted);
  for (let i = 0; i < 2; i++) t.equal((await proxy.ask(get())).body, "no name, no client");
});

t.test("serverName is sent as SNI and verified instead", async (t) => {
  const proxy = await behindTls(t, forName, { ...trusted, serverName: "service.test" });
  t.equal((await proxy.ask(get())).body, "service.test, no client");
});

t.test("a certificate for another name is answered 502", async (t) => {
  const proxy = await behindTls(t, forName, trusted);
  const response = await proxy.ask(get());
  t.equal(response.status, 502);
  t.match(field(response, "proxy-status"), 'error=tls_certificate_error; details="tls_certificate"');
  t.match((await proxy.record(1)).detail, /certificate is for another name/);
});

t.test("a certificate of an unknown authority is answered 502", async (t) => {
  const proxy = await behindTls(t, forAddress, { ...trusted, ca: null });
  t.equal((await proxy.ask(get())).status, 502);
  t.equal((await proxy.record(1)).error, "tls_certificate");
});

t.test("without verification any certificate will do", async (t) => {
  const proxy = await behindTls(t, forName, { ...trusted, ca: null, verify: false });
  t.equal((await proxy.ask(get())).status, 200);
});

t.test("a client certificate is shown to an endpoint that asks for one", async (t) => {
  const asking: TlsOptions = { requestCert: true, ca: authority.pem };
  const proxy = await behindTls(t, forAddress, { ...trusted, ...ofClient }, asking);
  t.equal((await proxy.ask(get())).body, "no name, client");
});

t.test("an endpoint that asks for a certificate and gets none is answered 502", async (t) => {
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    const asking: TlsOptions = { requestCert: true, rejectUnauthorized: true, ca: authority.pem, maxVersion };
    const proxy = await behindTls(t, forAddress, trusted, asking);
    t.equal((await proxy.ask(get())).status, 502, maxVersion);
  }
});

t.test("an endpoint that does not speak TLS is answered 502", async (t) => {
  const upstream = await startUpstream(t, () => ok());
  upstream.connection().then((peer) => peer.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
  const proxy = await startGateway(t, upstream.address, { cluster: { tls: trusted } });
  t.equal((await proxy.ask(get())).status, 502);
  t.equal((await proxy.record(1)).error, "tls_failed");
});

t.test("a handshake that does not end is answered 504", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, {
    cluster: { tls: trusted },
    clusterTimeouts: { connect: 150 },
  });
  t.equal((await proxy.ask(get())).status, 504);
});

t.test("a slow reader holds an endpoint back over TLS, too", async (t) => {
  const size = 64 * 1024 * 1024;
  const upstream = await startUpstream(t, undefined, {
    tls: { cert: readFileSync(forAddress.cert), key: readFileSync(forAddress.key) },
  });
  const proxy = await startGateway(t, upstream.address, { cluster: { tls: trusted } });
  const client = await proxy.connect();
  client.socket.pause();
  client.write(get());
  const { peer } = await upstream.request();
  peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
  for (let sent = 0; sent < size; sent += 64 * 1024) peer.write(Buffer.alloc(64 * 1024, "x"));
  const socket = proxy.accepted[0]!;
  const passed = await settled(() => socket.bytesWritten);
  t.ok(passed < size / 2, `${passed} bytes passed the proxy`);
  t.ok(socket.writableLength < 1024 * 1024, `${socket.writableLength} bytes wait in it`);
  client.socket.resume();
  t.equal((await readMessage(client)).body.length, size);
});
