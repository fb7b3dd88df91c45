import { readFileSync } from "node:fs";
import { createServer as createPlainServer } from "node:http";
import { createServer } from "node:https";
import t, { type Test } from "tap";
import { createAuthority } from "../../net/certificates.ts";
import { listenLocally } from "../../support/free-port.ts";
import { ask, startHost } from "./hosts.ts";

const authority = createAuthority(t.testdir());
const files = authority.issue("service", ["api.internal"]);

async function startSecureServer(t: Test): Promise<number> {
  const server = createServer(
    { cert: readFileSync(files.cert), key: readFileSync(files.key) },
    (request, response) => response.end(request.headers.host),
  );
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return listenLocally(server);
}

const resolve = async () => [{ address: "127.0.0.1", family: 4 }];
const ca = [authority.pem.toString()];

t.test("HTTPS is spoken to the address that was checked, under the name that was granted", async (t) => {
  const port = await startSecureServer(t);
  const grants = [{ origin: "https://api.internal:*", private: true }];
  const host = startHost(t, { grants, resolve, ca });
  t.match(await ask(host, `https://api.internal:${port}/`), { status: 200, content: `api.internal:${port}` });
});

t.test("a certificate of another name or of nobody is refused", async (t) => {
  const port = await startSecureServer(t);
  const grants = [{ origin: "https://*.internal:*", private: true }, "https://127.0.0.1:*"];
  const refused = { name: "TypeError", message: /certificate was not accepted/ };
  const host = startHost(t, { grants, resolve, ca });
  await t.rejects(ask(host, `https://other.internal:${port}/`), refused);
  await t.rejects(ask(host, `https://127.0.0.1:${port}/`), refused);
  await t.rejects(ask(startHost(t, { grants, resolve }), `https://api.internal:${port}/`), refused);
});

t.test("a private address is refused over HTTPS too", async (t) => {
  const port = await startSecureServer(t);
  const host = startHost(t, { grants: ["https://api.internal:*"], resolve, ca });
  await t.rejects(ask(host, `https://api.internal:${port}/`), {
    name: "NotAllowedError",
    message: /not public/,
  });
});

t.test("plain HTTP where HTTPS was asked for is a failed handshake", async (t) => {
  const server = createPlainServer((_request, response) => response.end());
  const port = await listenLocally(server);
  t.teardown(() => server.close());
  const host = startHost(t, { grants: ["https://127.0.0.1:*"] });
  await t.rejects(ask(host, `https://127.0.0.1:${port}/`), {
    name: "TypeError",
    message: /handshake failed|connection/,
  });
});
