import { createServer } from "node:net";
import t from "tap";
import type { ResolvedAddress } from "../../../core/sandbox/host/outbound/lookup.ts";
import { freePort, listenLocally } from "../../support/free-port.ts";
import { ask, startHost, startServer } from "./hosts.ts";

const v4 = (...addresses: string[]): ResolvedAddress[] =>
  addresses.map((address) => ({ address, family: 4 }));

t.test("an origin without a grant is refused before any connection", async (t) => {
  let connections = 0;
  const server = createServer(() => connections++);
  const port = await listenLocally(server);
  t.teardown(() => server.close());
  const host = startHost(t, { grants: [`http://127.0.0.1:${await freePort()}`] });
  for (const name of ["127.0.0.1", "0x7f.1", "2130706433", "localhost", "[::ffff:127.0.0.1]"]) {
    await t.rejects(ask(host, `http://${name}:${port}/`), {
      name: "NotAllowedError",
      message: /is not granted: add "http/,
    });
  }
  t.equal(connections, 0);
});

t.test("a public name with a private, loopback or metadata address is refused", async (t) => {
  const { origin } = await startServer(t, (_request, response) => response.end("secret"));
  const port = new URL(origin).port;
  for (const address of [
    "127.0.0.1",
    "10.0.0.1",
    "169.254.169.254",
    "::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "0.0.0.0",
  ]) {
    const family = address.includes(":") ? 6 : 4;
    const host = startHost(t, {
      grants: ["http://*.example.com:*"],
      resolve: async () => [{ address, family }],
    });
    await t.rejects(ask(host, `http://evil.example.com:${port}/`), {
      name: "NotAllowedError",
      message: /evil\.example\.com has an address that is not public/,
    });
  }
});

t.test("one bad address among good ones refuses the call", async (t) => {
  const host = startHost(t, {
    grants: ["http://api.example.com"],
    resolve: async () => v4("93.184.216.34", "10.0.0.1"),
  });
  await t.rejects(ask(host, "http://api.example.com/"), { name: "NotAllowedError" });
});

t.test(
  "DNS rebinding: the address that was checked is connected to, and each connection is checked",
  async (t) => {
    const { origin } = await startServer(t, (_request, response) => {
      response.setHeader("connection", "close");
      response.end("mine");
    });
    const port = new URL(origin).port;
    let lookups = 0;
    const host = startHost(t, {
      grants: [{ origin: "http://rebind.test:*", private: true }],
      resolve: async () => v4(++lookups === 1 ? "127.0.0.1" : "169.254.169.254"),
    });
    t.equal((await ask(host, `http://rebind.test:${port}/`)).content, "mine");
    t.equal(lookups, 1, "a second lookup would be another chance");
    await t.rejects(ask(host, `http://rebind.test:${port}/`), { name: "NotAllowedError" });
    t.equal(lookups, 2);
  },
);

t.test("an address that changes after it was checked is found out before a byte is sent", async (t) => {
  let requests = 0;
  const { origin } = await startServer(t, (_request, response) => {
    requests++;
    response.end();
  });
  let looks = 0;
  const shifty: ResolvedAddress = {
    get address() {
      return looks++ === 0 ? "8.8.8.8" : "127.0.0.1";
    },
    family: 4,
  };
  const host = startHost(t, { grants: ["http://shifty.test:*"], resolve: async () => [shifty] });
  await t.rejects(ask(host, `http://shifty.test:${new URL(origin).port}/`), {
    name: "NotAllowedError",
    message: /address that was not checked/,
  });
  t.equal(requests, 0);
});

t.test("a name granted as private reaches loopback; metadata stays out of its reach", async (t) => {
  const { origin } = await startServer(t, (request, response) => response.end(request.headers.host));
  const port = new URL(origin).port;
  const grants = [{ origin: `http://tenants.internal:${port}`, private: true }];
  const host = startHost(t, { grants, resolve: async () => v4("127.0.0.1") });
  t.equal((await ask(host, `http://tenants.internal:${port}/`)).content, `tenants.internal:${port}`);
  const toMetadata = startHost(t, { grants, resolve: async () => v4("169.254.169.254") });
  await t.rejects(ask(toMetadata, `http://tenants.internal:${port}/`), { message: /no name may have/ });
});

t.test("localhost means this machine, whatever a resolver says", async (t) => {
  const { origin } = await startServer(t, (_request, response) => response.end("here"));
  const port = new URL(origin).port;
  const grants = [`http://localhost:${port}`];
  t.equal((await ask(startHost(t, { grants }), `http://localhost:${port}/`)).content, "here");
  const elsewhere = startHost(t, { grants, resolve: async () => v4("10.0.0.1") });
  await t.rejects(ask(elsewhere, `http://localhost:${port}/`), { message: /not this machine's/ });
});

t.test("a resolver that fails or knows nothing is a failure in words", async (t) => {
  const missing = startHost(t, {
    grants: ["http://api.example.com"],
    resolve: async () => {
      throw Object.assign(new Error("getaddrinfo ENOTFOUND /etc/secret"), { code: "ENOTFOUND" });
    },
  });
  await t.rejects(ask(missing, "http://api.example.com/x?key=1"), {
    name: "TypeError",
    message: "fetch failed: GET http://api.example.com: host name was not found",
  });
  const empty = startHost(t, { grants: ["http://api.example.com"], resolve: async () => [] });
  await t.rejects(ask(empty, "http://api.example.com/"), { message: /has no address/ });
});

t.test("connections of one guest serve it again, and never another", async (t) => {
  const { origin } = await startServer(t, (request, response) =>
    response.end(`${request.socket.remotePort}`),
  );
  const ports: string[] = [];
  for (let guest = 0; guest < 2; guest++) {
    const host = startHost(t, { grants: [origin] });
    for (let call = 0; call < 2; call++) {
      ports.push((await ask(host, origin)).content);
      // undici looks for surplus bytes before it uses a connection again.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  t.equal(ports[0], ports[1]);
  t.equal(ports[2], ports[3]);
  t.not(ports[0], ports[2]);
});
