import { execFile } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as tls from "node:tls";
import { promisify } from "node:util";
import t, { type Test } from "tap";
import type { ListenerTls } from "../../../core/config/model.ts";
import { type Listener, listen } from "../../../core/net/listener.ts";
import type { CertificateEvent } from "../../../core/net/tls/terminator.ts";
import { missing } from "../../support/missing.ts";
import { createAuthority, type IssuedFiles } from "../certificates.ts";
import { listenerConfig, listenerTls, loopback, portOf } from "../configs.ts";
import { echo } from "../echo.ts";
import { type RecordingLog, recordingLog } from "../recording-log.ts";
import { until } from "../until.ts";

const isDeno = "Deno" in globalThis;

interface TestListener extends Listener {
  readonly log: RecordingLog;
  readonly events: CertificateEvent[];
}

/** Echoes what it reads, for the length of a test. */
async function listenTls(t: Test, config: ListenerTls): Promise<TestListener> {
  const log = recordingLog();
  const events: CertificateEvent[] = [];
  const sockets = new Set<Socket>();
  const accept = (socket: Socket) => {
    sockets.add(socket);
    echo(socket);
  };
  const onCertificates = (event: CertificateEvent) => events.push(event);
  const listener = await listen(listenerConfig(loopback, config), accept, { log, onCertificates });
  t.teardown(async () => {
    await listener.close();
    for (const socket of sockets) socket.destroy();
  });
  return Object.assign(listener, { log, events });
}

/** @throws Error when the connection ends instead. */
function echoed(socket: Socket, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once("data", (data) => resolve(String(data)));
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("connection closed")));
    socket.write(text);
  });
}

t.test("TLS listeners", { skip: missing("openssl") }, async (t) => {
  const folder = t.testdir();
  const authority = createAuthority(folder);
  const stranger = createAuthority(folder);
  const a = authority.issue("a", ["a.example", "localhost"]);
  const b = authority.issue("b", ["b.example", "*.b.example"]);

  /** A verified connection that has carried a byte each way. */
  const open = async (listener: Listener, options: tls.ConnectionOptions = {}): Promise<tls.TLSSocket> => {
    const socket = tls.connect({
      port: portOf(listener.address),
      host: "127.0.0.1",
      servername: "a.example",
      ca: authority.pem,
      ...options,
    });
    await once(socket, "secureConnect");
    await echoed(socket, "x");
    return socket;
  };

  const nameShown = async (listener: Listener, servername: string): Promise<string> => {
    const socket = await open(listener, { servername, checkServerIdentity: () => undefined });
    const name = socket.getPeerCertificate().subject.CN;
    socket.destroy();
    return String(name);
  };

  const refusal = async (listener: Listener, options: tls.ConnectionOptions): Promise<unknown> => {
    try {
      (await open(listener, options)).destroy();
      return null;
    } catch (error) {
      return error;
    }
  };

  t.test("the certificate is the one for the name that the client asks for", async (t) => {
    const listener = await listenTls(t, listenerTls(a, b));
    t.equal(await nameShown(listener, "b.example"), "b");
    t.equal(await nameShown(listener, "x.b.example"), "b");
    t.equal(await nameShown(listener, "a.example"), "a");
    t.equal(await nameShown(listener, "unknown.example"), "a");
  });

  t.test("HTTP/1.1 is the one protocol on offer", async (t) => {
    const listener = await listenTls(t, listenerTls(a));
    const socket = await open(listener, { ALPNProtocols: ["h2", "http/1.1"] });
    t.equal(socket.alpnProtocol, "http/1.1");
    socket.destroy();
    t.match(await refusal(listener, { ALPNProtocols: ["h2"] }), { code: /NO_APPLICATION_PROTOCOL$/ });
  });

  t.test("TLS before 1.2 is refused", async (t) => {
    const listener = await listenTls(t, listenerTls(a));
    for (const version of ["TLSv1", "TLSv1.1"] as const) {
      t.ok(await refusal(listener, { minVersion: version, maxVersion: version }), version);
    }
  });

  t.test("curl trusts it", { skip: missing("curl") }, async (t) => {
    const log = recordingLog();
    const answer = (socket: Socket) => {
      socket.once("data", () =>
        socket.end("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"),
      );
    };
    const listener = await listen(listenerConfig(loopback, listenerTls(a)), answer, { log });
    t.teardown(() => listener.close());
    const port = portOf(listener.address);
    const args = [
      "--silent",
      "--show-error",
      "--cacert",
      authority.file,
      "--resolve",
      `a.example:${port}:127.0.0.1`,
    ];
    const { stdout } = await promisify(execFile)("curl", [...args, `https://a.example:${port}/`]);
    t.equal(stdout, "hello");
  });

  t.test("client certificates", async (t) => {
    const client = authority.issue("client", []);
    const impostor = stranger.issue("impostor", []);
    const pair = (files: IssuedFiles) => ({ cert: readFileSync(files.cert), key: readFileSync(files.key) });
    const withClients = (clientCertificate: "optional" | "required"): ListenerTls => ({
      ...listenerTls(a),
      clientCa: authority.file,
      clientCertificate,
    });

    t.test("required: one of the authority gets in, none or a stranger's does not", async (t) => {
      const listener = await listenTls(t, withClients("required"));
      t.equal(await refusal(listener, pair(client)), null);
      t.ok(await refusal(listener, {}));
      t.ok(await refusal(listener, pair(impostor)));
    });

    t.test("required: a session from before the rule is not resumed past it", async (t) => {
      const listener = await listenTls(t, listenerTls(a));
      const session = await sessionOf(await open(listener));
      await listener.update({ ...listener.config, tls: withClients("required") });
      t.ok(await refusal(listener, { session }));
    });

    t.test("optional: both get in, and authorized tells them apart", async (t) => {
      const log = recordingLog();
      const seen: boolean[] = [];
      const note = (socket: Socket) => {
        seen.push((socket as tls.TLSSocket).authorized);
        echo(socket);
      };
      const listener = await listen(listenerConfig(loopback, withClients("optional")), note, { log });
      t.teardown(() => listener.close());
      (await open(listener, pair(client))).destroy();
      (await open(listener)).destroy();
      t.same(seen, [true, false]);
    });
  });

  t.test("what fails in a handshake stays there", async (t) => {
    const listener = await listenTls(t, listenerTls(a));
    const port = portOf(listener.address);
    const attacks = [
      Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
      Buffer.from("16030100ff010000", "hex"),
      Buffer.alloc(4096, 0xff),
      Buffer.alloc(0),
    ];
    for (const attack of attacks) {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {});
      const closed = new Promise((resolve) => socket.on("close", resolve));
      socket.end(attack);
      socket.resume();
      await closed;
    }
    const reset = connect(port, "127.0.0.1");
    await once(reset, "connect");
    reset.resetAndDestroy();
    t.equal(await nameShown(listener, "a.example"), "a");
  });

  t.test(
    "sessions are resumed, also after the certificates were reloaded",
    { skip: isDeno && "Deno resumes no sessions" },
    async (t) => {
      const files = copyOf(t, a);
      const listener = await listenTls(t, listenerTls(files));
      const session = await sessionOf(await open(listener));
      replace(files, authority.issue("renewed", ["a.example"]));
      await until(() => listener.events.length > 0);
      const socket = await open(listener, { session });
      t.ok(socket.isSessionReused());
      socket.destroy();
    },
  );

  t.test("reload", async (t) => {
    t.test("new files serve new connections and open ones go on", async (t) => {
      const files = copyOf(t, a);
      const listener = await listenTls(t, listenerTls(files));
      const before = await open(listener);
      replace(files, b);
      await until(() => listener.events.length > 0);
      t.equal(await nameShown(listener, "a.example"), "b");
      t.equal(await echoed(before, "still here"), "still here");
      before.destroy();
      t.same(listener.events, ["reloaded"]);
      t.same(infoAndAbove(listener), ["info Certificates reloaded"]);
    });

    t.test("a Kubernetes secret is swapped as a whole", async (t) => {
      const mount = t.testdir();
      const publish = (version: string, files: IssuedFiles) => {
        mkdirSync(join(mount, version));
        copyFileSync(files.cert, join(mount, version, "tls.crt"));
        copyFileSync(files.key, join(mount, version, "tls.key"));
        symlinkSync(version, join(mount, "..data_tmp"));
        renameSync(join(mount, "..data_tmp"), join(mount, "..data"));
      };
      publish("..2026_01", a);
      for (const name of ["tls.crt", "tls.key"]) symlinkSync(join("..data", name), join(mount, name));
      const files = { cert: join(mount, "tls.crt"), key: join(mount, "tls.key") };
      const listener = await listenTls(t, listenerTls(files));
      t.equal(await nameShown(listener, "a.example"), "a");
      publish("..2026_02", b);
      rmSync(join(mount, "..2026_01"), { recursive: true });
      await until(() => listener.events.length > 0);
      t.equal(await nameShown(listener, "a.example"), "b");
      publish("..2026_03", a);
      await until(() => listener.events.length > 1);
      t.equal(await nameShown(listener, "a.example"), "a");
      t.same(listener.events, ["reloaded", "reloaded"]);
    });

    t.test("a renewal of certbot's is seen through a link to its link", async (t) => {
      const folder = t.testdir({ etc: {}, live: {}, archive: {} });
      const renew = (count: number, files: IssuedFiles) => {
        for (const name of ["cert", "key"] as const) {
          copyFileSync(files[name], join(folder, `archive/${name}${count}.pem`));
          symlinkSync(`../archive/${name}${count}.pem`, join(folder, "live/next"));
          renameSync(join(folder, "live/next"), join(folder, `live/${name}.pem`));
        }
      };
      renew(1, a);
      for (const name of ["cert", "key"]) {
        symlinkSync(`../live/${name}.pem`, join(folder, `etc/${name}.pem`));
      }
      const files = { cert: join(folder, "etc/cert.pem"), key: join(folder, "etc/key.pem") };
      const listener = await listenTls(t, listenerTls(files));
      t.equal(await nameShown(listener, "a.example"), "a");
      // The look that follows the start is over.
      await sleep(500);
      renew(2, b);
      await until(() => listener.events.length > 0);
      t.equal(await nameShown(listener, "a.example"), "b");
      t.same(listener.events, ["reloaded"]);
    });

    t.test(
      "a pair that does not fit changes nothing, says so once, and is replaced by one that does",
      async (t) => {
        const files = copyOf(t, a);
        const listener = await listenTls(t, listenerTls(files));
        copyFileSync(b.key, files.key);
        await until(() => listener.events.length > 0);
        t.equal(await nameShown(listener, "a.example"), "a");
        const other = join(files.key, "..", "unrelated");
        writeFileSync(other, "another look at the same files");
        copyFileSync(b.cert, files.cert);
        await until(() => listener.events.length > 1);
        t.equal(await nameShown(listener, "a.example"), "b");
        t.same(listener.events, ["refused", "reloaded"]);
        t.match(infoAndAbove(listener), [
          /^error Cannot use key .*tls\.key: it does not belong to certificate .*; the previous certificates stay in use$/,
          "info Certificates reloaded",
        ]);
      },
    );

    t.test("files that vanish change nothing", async (t) => {
      const files = copyOf(t, a);
      const listener = await listenTls(t, listenerTls(files));
      rmSync(files.cert);
      await until(() => listener.events.length > 0);
      t.equal(await nameShown(listener, "a.example"), "a");
      t.same(listener.events, ["refused"]);
    });
  });

  t.test("update", async (t) => {
    t.test("to other files needs no new port", async (t) => {
      const listener = await listenTls(t, listenerTls(a));
      const { address } = listener;
      await listener.update({ ...listener.config, tls: listenerTls(b) });
      t.equal(await nameShown(listener, "a.example"), "b");
      t.same(listener.address, address);
    });

    t.test("to unusable files is refused and changes nothing", async (t) => {
      const listener = await listenTls(t, listenerTls(a));
      const { config } = listener;
      const mismatched = listenerTls({ cert: a.cert, key: b.key });
      await t.rejects(listener.update({ ...config, tls: mismatched }), { name: "TlsFileError" });
      t.equal(listener.config, config);
      t.equal(await nameShown(listener, "a.example"), "a");
    });

    t.test("from plain text to TLS and back", async (t) => {
      const listener = await listenTls(t, listenerTls(a));
      await listener.update({ ...listener.config, tls: null });
      const socket = connect(portOf(listener.address), "127.0.0.1");
      t.equal(await echoed(socket, "plain"), "plain");
      socket.destroy();
      await listener.update({ ...listener.config, tls: listenerTls(a) });
      t.equal(await nameShown(listener, "a.example"), "a");
    });
  });

  t.test("an unusable file is refused before the port is bound", async (t) => {
    await t.rejects(listenTls(t, listenerTls({ cert: a.cert, key: b.key })), {
      name: "TlsFileError",
      message: `Cannot use key ${b.key}: it does not belong to certificate ${a.cert}`,
    });
  });
});

/** The pair in a folder of its own, to be replaced there. */
function copyOf(t: Test, files: IssuedFiles): IssuedFiles {
  const folder = t.testdir();
  const copy = { cert: join(folder, "tls.crt"), key: join(folder, "tls.key") };
  replace(copy, files);
  return copy;
}

function replace(files: IssuedFiles, by: IssuedFiles): void {
  copyFileSync(by.key, files.key);
  copyFileSync(by.cert, files.cert);
}

function infoAndAbove(listener: TestListener): string[] {
  return listener.log.lines.filter((line) => !line.startsWith("debug"));
}

/** TLS 1.3 sends its tickets after the handshake. */
async function sessionOf(socket: tls.TLSSocket): Promise<Buffer> {
  let session: Buffer = socket.getSession()!;
  socket.on("session", (ticket: Buffer) => {
    session = ticket;
  });
  await echoed(socket, "and the ticket before this");
  socket.destroy();
  return session;
}
