import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import * as tls from "node:tls";
import t, { type Test } from "tap";
import { type HandshakeLimits, TlsTerminator } from "../../../core/net/tls/terminator.ts";
import { missing } from "../../support/missing.ts";
import { createAuthority } from "../certificates.ts";
import { listenerTls, loopback } from "../configs.ts";
import { type RecordingLog, recordingLog } from "../recording-log.ts";

t.test("handshakes are bounded", { skip: missing("openssl") }, async (t) => {
  const authority = createAuthority(t.testdir());
  const files = authority.issue("a", ["a.example"]);

  const terminate = async (
    t: Test,
    limits: HandshakeLimits,
  ): Promise<{ port: number; log: RecordingLog }> => {
    const log = recordingLog();
    const hello = (socket: Socket) => socket.end("hello");
    const terminator = new TlsTerminator(listenerTls(files), hello, { name: "test", log, limits });
    const server = createServer((socket) => {
      socket.on("error", () => {});
      terminator.accept(socket);
    }).listen(loopback);
    await once(server, "listening");
    t.teardown(() => {
      terminator.close();
      server.close();
    });
    return { port: (server.address() as { port: number }).port, log };
  };

  const greeting = async (port: number): Promise<string> => {
    const socket = tls.connect({ port, host: "127.0.0.1", servername: "a.example", ca: authority.pem });
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("error", () => {});
    await new Promise((resolve) => socket.on("close", resolve));
    return text;
  };

  const silent = async (t: Test, port: number): Promise<{ closed: Promise<unknown> }> => {
    const socket = connect(port, "127.0.0.1").resume();
    t.teardown(() => socket.destroy());
    await once(socket, "connect");
    return { closed: once(socket, "close") };
  };

  t.test("in time: a client that never starts one is let go", async (t) => {
    const { port } = await terminate(t, { pending: 10, timeout: 100 });
    await (await silent(t, port)).closed;
  });

  t.test("in number: one more is closed, and finished ones make room", async (t) => {
    const { port, log } = await terminate(t, { pending: 3, timeout: 60_000 });
    await silent(t, port);
    await silent(t, port);
    for (let round = 0; round < 10; round++) t.equal(await greeting(port), "hello");
    await silent(t, port);
    t.equal(await greeting(port), "");
    t.equal(await greeting(port), "");
    t.same(
      log.lines.filter((line) => line.startsWith("warn")),
      ["warn Too many TLS handshakes at once"],
    );
  });

  t.test("in number: clients that give up make room", async (t) => {
    const { port } = await terminate(t, { pending: 2, timeout: 60_000 });
    for (let round = 0; round < 10; round++) {
      const socket = connect(port, "127.0.0.1").resume();
      await once(socket, "connect");
      socket.end();
      await once(socket, "close");
    }
    t.equal(await greeting(port), "hello");
  });
});
