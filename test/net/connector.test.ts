import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import * as tls from "node:tls";
import t, { type Test } from "tap";
import type { Address, ClusterTls } from "../../core/config/model.ts";
import type { ProxyError } from "../../core/errors.ts";
import { toConnectError } from "../../core/net/connect-error.ts";
import { type ConnectTarget, openConnection, readyEvent } from "../../core/net/connector.ts";
import { prepareClientTls } from "../../core/net/tls/client-tls.ts";
import { missing } from "../support/missing.ts";
import { createAuthority } from "./certificates.ts";
import { loopback, portOf } from "./configs.ts";
import { socketFolder } from "./socket-folder.ts";
import { until } from "./until.ts";

/** Listens for the length of a test. */
async function serve(t: Test, server: Server, address: Address = loopback): Promise<Address> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  server.on("tlsClientError", () => {});
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  server.listen(address);
  await once(server, "listening");
  return "path" in address
    ? address
    : { host: address.host, port: (server.address() as { port: number }).port };
}

/** Collects what arrives and pauses when told to. */
function collector() {
  const state = { text: "", calls: 0, pauseNext: false };
  const buffer = Buffer.alloc(64 * 1024);
  const read = {
    buffer: () => buffer,
    callback: (nread: number, bytes: Uint8Array) => {
      state.calls++;
      state.text += Buffer.from(bytes.subarray(0, nread)).toString("latin1");
      return !state.pauseNext;
    },
  };
  return { state, read };
}

async function failureOf(target: ConnectTarget): Promise<ProxyError> {
  const socket = openConnection(target, collector().read);
  let error: unknown;
  socket.on("error", (reported) => {
    error = reported;
  });
  await new Promise((resolve) => socket.on("close", resolve));
  return toConnectError(error, "endpoint");
}

const isDeno = "Deno" in globalThis;

/** The one contract of plain and TLS connections. */
function behavesLikeAConnection(
  t: Test,
  serverOf: (onSocket: (socket: Socket) => void) => Server,
  target: (address: Address) => ConnectTarget,
  skipped: { endAfterPause?: string | false; holdsBack?: string | false } = {},
) {
  t.test("bytes go both ways, and the end of the other side closes it", async (t) => {
    const address = await serve(
      t,
      serverOf((socket) => socket.once("data", (data) => socket.end(`echo ${data}`))),
    );
    const { state, read } = collector();
    const socket = openConnection(target(address), read);
    await once(socket, readyEvent(target(address)));
    socket.write("hello");
    await once(socket, "close");
    t.equal(state.text, "echo hello");
  });

  t.test("a callback that returned false is not called before resume", async (t) => {
    const payload = "x".repeat(3_000_000);
    const address = await serve(
      t,
      serverOf((socket) => socket.end(payload)),
    );
    const { state, read } = collector();
    state.pauseNext = true;
    const socket = openConnection(target(address), read);
    t.teardown(() => socket.destroy());
    let pauses = 0;
    while (state.text.length < payload.length) {
      await until(() => state.calls > pauses);
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
      if (state.calls !== ++pauses) t.fail(`called ${state.calls} times after ${pauses} pauses`);
      socket.resume();
    }
    t.equal(state.text.length, payload.length);
  });

  t.test(
    "the end of the other side is seen after a pause",
    { skip: skipped.endAfterPause ?? false },
    async (t) => {
      const payload = "x".repeat(3_000_000);
      const address = await serve(
        t,
        serverOf((socket) => socket.end(payload)),
      );
      const { state, read } = collector();
      state.pauseNext = true;
      const socket = openConnection(target(address), read);
      const closed = new Promise((resolve) => socket.on("close", resolve));
      await until(() => state.calls === 1);
      state.pauseNext = false;
      socket.resume();
      await closed;
      t.equal(state.text.length, payload.length);
    },
  );

  t.test("a paused connection holds the other side back", { skip: skipped.holdsBack ?? false }, async (t) => {
    const writer = Promise.withResolvers<Socket>();
    const address = await serve(
      t,
      serverOf((socket) => writer.resolve(socket)),
    );
    const { state, read } = collector();
    state.pauseNext = true;
    const socket = openConnection(target(address), read);
    t.teardown(() => socket.destroy());
    const remote = await writer.promise;
    let sent = 0;
    const chunk = Buffer.alloc(256 * 1024);
    const fill = () => {
      let accepted = true;
      while (accepted && sent < 64 * 1024 * 1024) {
        accepted = remote.write(chunk);
        sent += chunk.length;
      }
    };
    remote.on("drain", fill);
    fill();
    await until(() => state.calls === 1);
    const settled = async () => {
      const before = sent;
      for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
      return before === sent;
    };
    await until(settled);
    t.ok(sent < 32 * 1024 * 1024, `${sent} bytes sent`);
  });
}

t.test("plain text", async (t) => {
  behavesLikeAConnection(
    t,
    (onSocket) => createServer(onSocket),
    (address) => ({ address, tls: null }),
  );

  t.test("memory is asked for at the start and after each read, and read into in that order", async (t) => {
    const address = await serve(
      t,
      createServer((socket) => socket.on("data", (data) => socket.write(data))),
    );
    const buffers: Uint8Array[] = [];
    const events: string[] = [];
    const target = { address, tls: null };
    const socket = openConnection(target, {
      buffer: () => {
        events.push(`buffer ${buffers.length}`);
        buffers.push(new Uint8Array(1024));
        return buffers.at(-1)!;
      },
      callback: (nread, buffer) => {
        events.push(`${nread} bytes in ${buffers.indexOf(buffer)}`);
        return true;
      },
    });
    t.teardown(() => socket.destroy());
    await once(socket, readyEvent(target));
    socket.write("a");
    await until(() => events.length === 3);
    socket.write("bc");
    await until(() => events.length === 5);
    t.same(events, ["buffer 0", "1 bytes in 0", "buffer 1", "2 bytes in 1", "buffer 2"]);
  });

  t.test("a Unix socket is an address like any other", async (t) => {
    const address = await serve(
      t,
      createServer((socket) => socket.end("unix")),
      { path: join(socketFolder(t), "a.sock") },
    );
    const { state, read } = collector();
    await once(openConnection({ address, tls: null }, read), "close");
    t.equal(state.text, "unix");
  });

  t.test("localhost reaches a service on 127.0.0.1 alone", async (t) => {
    const address = await serve(
      t,
      createServer((socket) => socket.end("v4")),
    );
    const { state, read } = collector();
    const target = { address: { host: "localhost", port: portOf(address) }, tls: null };
    await once(openConnection(target, read), "close");
    t.equal(state.text, "v4");
  });

  t.test("nobody listens", async (t) => {
    const server = createServer();
    const address = await serve(t, server);
    server.close();
    await once(server, "close");
    const error = await failureOf({ address, tls: null });
    t.equal(error.code, "connect_refused");
    t.equal(error.message, "Cannot connect to endpoint: connection refused");
  });

  t.test("a Unix socket that is not there", async (t) => {
    const error = await failureOf({ address: { path: join(socketFolder(t), "none.sock") }, tls: null });
    t.equal(error.message, "Cannot connect to endpoint: no such socket");
  });

  for (const host of ["a\0.example", "a b", "a\r\nb", "", "exa%mple", "-a", "a..b"]) {
    t.test(`the name ${JSON.stringify(host)} does not reach the resolver`, async (t) => {
      const error = await failureOf({ address: { host, port: 80 }, tls: null });
      t.equal(error.code, "name_unresolved");
      t.match(error.message, /not a host name or address$/);
    });
  }

  t.test("a path with a NUL is not connected to", async (t) => {
    t.equal((await failureOf({ address: { path: "/run/a\0b" }, tls: null })).code, "name_unresolved");
  });
});

t.test("TLS", { skip: missing("openssl") }, async (t) => {
  const folder = t.testdir({ junk: "junk" });
  const authority = createAuthority(folder);
  const files = authority.issue("api", ["api.example", "localhost"]);
  const byAddress = authority.issue("address", ["127.0.0.1"]);
  const client = authority.issue("client", []);
  const pair = ({ cert, key } = files) => ({ cert: readFileSync(cert), key: readFileSync(key) });

  const verified: ClusterTls = {
    verify: true,
    ca: authority.file,
    serverName: "api.example",
    cert: null,
    key: null,
  };
  const targetOf = (config: ClusterTls) => {
    const endpoint = { address: loopback, authority: "127.0.0.1", weight: 1, zone: null, priority: 0 };
    const prepared = prepareClientTls(config, endpoint);
    return (address: Address): ConnectTarget => ({ address, tls: prepared });
  };
  const target = targetOf(verified);
  const greeting = (options: tls.TlsOptions = {}) =>
    tls.createServer({ ...pair(), ...options }, (socket) => {
      socket.on("error", () => {});
      socket.end("secret");
    });

  behavesLikeAConnection(
    t,
    (onSocket) =>
      tls.createServer(pair(), (socket) => {
        socket.on("error", () => {});
        onSocket(socket);
      }),
    target,
    {
      endAfterPause: isDeno && "Deno does not report the end of a TLS stream that was paused",
      holdsBack: isDeno && "Deno goes on reading a TLS stream that was paused",
    },
  );

  const ask = async (target: ConnectTarget): Promise<string> => {
    const { state, read } = collector();
    const socket = openConnection(target, read);
    let code: string | null = null;
    socket.on("error", (error) => {
      code = toConnectError(error, "endpoint").code;
    });
    await new Promise((resolve) => socket.on("close", resolve));
    return code ?? state.text;
  };

  t.test("the certificate is verified against the configured name, which is sent", async (t) => {
    const names: string[] = [];
    const server = greeting({
      SNICallback: (name, done) => {
        names.push(name);
        done(null);
      },
    });
    const address = await serve(t, server);
    t.equal(await ask(target(address)), "secret");
    t.same(names, ["api.example"]);
  });

  t.test("without a configured name the endpoint's address is verified", async (t) => {
    const byName = { ...verified, serverName: null };
    t.equal(await ask(targetOf(byName)(await serve(t, greeting(pair(byAddress))))), "secret");
    t.equal(await ask(targetOf({ ...byName })(await serve(t, greeting()))), "tls_certificate");
  });

  t.test("a certificate for another name is refused", async (t) => {
    const other = targetOf({ ...verified, serverName: "other.example" });
    t.equal(await ask(other(await serve(t, greeting()))), "tls_certificate");
  });

  t.test("a certificate of an unknown authority is refused, unless nothing is verified", async (t) => {
    const address = await serve(t, greeting());
    t.equal(await ask(targetOf({ ...verified, ca: null })(address)), "tls_certificate");
    t.equal(await ask(targetOf({ ...verified, ca: null, verify: false })(address)), "secret");
  });

  t.test("a service that does not speak TLS", async (t) => {
    const plain = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    t.equal(await ask(target(await serve(t, plain))), "tls_failed");
  });

  t.test("a service that hangs up during the handshake", async (t) => {
    t.equal(
      await ask(
        target(
          await serve(
            t,
            createServer((socket) => socket.destroy()),
          ),
        ),
      ),
      "upstream_closed",
    );
  });

  t.test("a service that demands a client certificate gets the configured one", async (t) => {
    const strict = { ca: authority.pem, requestCert: true, rejectUnauthorized: true };
    const address = await serve(t, greeting(strict));
    t.equal(await ask(targetOf({ ...verified, ...client })(address)), "secret");
  });

  t.test(
    "a second connection resumes the session of the first",
    { skip: isDeno && "Deno resumes no sessions" },
    async (t) => {
      const resumed: boolean[] = [];
      const server = tls.createServer({ ...pair(), maxVersion: "TLSv1.2" }, (socket) => {
        resumed.push(socket.isSessionReused());
        socket.on("error", () => {});
        socket.end("secret");
      });
      const resuming = targetOf({ ...verified })(await serve(t, server));
      t.equal(await ask(resuming), "secret");
      t.equal(await ask(resuming), "secret");
      t.same(resumed, [false, true]);
    },
  );

  t.test("files that cannot be used are refused before anything connects", async (t) => {
    const refused = (config: Partial<ClusterTls>, message: RegExp) =>
      t.throws(() => targetOf({ ...verified, ...config }), { name: "TlsFileError", message });
    refused({ ca: join(folder, "none") }, /^Cannot read authorities .*none: no such file$/);
    refused({ ca: join(folder, "junk") }, /^Cannot use authorities .*junk: it holds no PEM certificate$/);
    refused({ cert: client.cert, key: files.key }, /^Cannot use key .*: it does not belong to certificate /);
    refused({ cert: client.cert }, /^Cannot use certificate .*: no key is configured with it$/);
    refused({ key: client.key }, /^Cannot use key .*: no certificate is configured with it$/);
  });
});
