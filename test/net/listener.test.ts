import { once } from "node:events";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import t from "tap";
import type { Address } from "../../core/config/model.ts";
import { listen } from "../../core/net/listener.ts";
import { startProgram } from "../support/program.ts";
import { listenerConfig, portOf } from "./configs.ts";
import { echo } from "./echo.ts";
import { recordingLog } from "./recording-log.ts";
import { socketFolder } from "./socket-folder.ts";
import { until } from "./until.ts";

const log = recordingLog();
const answer = (socket: Socket) => socket.end("hello");

async function ask(address: Address): Promise<string> {
  const socket = connect(address);
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  await once(socket, "close");
  return text;
}

/** What the server says first; empty when it hangs up. */
async function greeting(port: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const said = new Promise<string>((resolve) => {
    socket.on("data", (data) => resolve(String(data)));
    socket.on("error", () => resolve(""));
    socket.on("close", () => resolve(""));
  });
  const text = await said;
  socket.destroy();
  return text;
}

const isDeno = "Deno" in globalThis;

t.test("port 0 becomes the port that the system chose", async (t) => {
  const listener = await listen(listenerConfig(), answer, { log });
  t.teardown(() => listener.close());
  t.not(portOf(listener.address), 0);
  t.equal(await ask(listener.address), "hello");
});

t.test("an address in use is one line", async (t) => {
  const first = await listen(listenerConfig(), answer, { log });
  t.teardown(() => first.close());
  await t.rejects(listen(listenerConfig(first.address), answer, { log }), {
    name: "ListenError",
    code: "EADDRINUSE",
    message: `Cannot listen on 127.0.0.1:${portOf(first.address)}: address in use`,
  });
});

t.test("an address of another machine is one line", async (t) => {
  await t.rejects(listen(listenerConfig({ host: "192.0.2.1", port: 0 }), answer, { log }), {
    name: "ListenError",
    message:
      /^Cannot listen on 192\.0\.2\.1:0: (this machine does not have|the system does not accept) the address$/,
  });
});

t.test("after close nobody is accepted and open connections go on", async (t) => {
  const accepted: Socket[] = [];
  const accept = (socket: Socket) => {
    accepted.push(socket);
    echo(socket);
  };
  const listener = await listen(listenerConfig(), accept, { log });
  const client = connect(portOf(listener.address), "127.0.0.1");
  await once(client, "connect");
  while (accepted.length === 0) await new Promise(setImmediate);
  await listener.close();
  await t.rejects(ask(listener.address), { code: "ECONNREFUSED" });
  client.write("still");
  t.equal(String((await once(client, "data"))[0]), "still");
  client.destroy();
});

t.test("a reset before anybody reads does not reach the process", async (t) => {
  const closed = Promise.withResolvers<void>();
  const listener = await listen(listenerConfig(), (socket) => socket.on("close", () => closed.resolve()), {
    log,
  });
  t.teardown(() => listener.close());
  const client = connect(portOf(listener.address), "127.0.0.1");
  await once(client, "connect");
  client.resetAndDestroy();
  await closed.promise;
});

t.test(
  "connections that no file descriptor is left for are closed, and the listener survives them",
  {
    skip: isDeno && "a Node program",
  },
  async (t) => {
    const program = new URL("./few-descriptors.ts", import.meta.url).pathname;
    const limited = `ulimit -n 64 && exec ${JSON.stringify(process.execPath)} ${JSON.stringify(program)}`;
    await using server = startProgram("sh", ["-c", limited]);
    await server.said(/port \d+/);
    const port = Number(/port (\d+)/.exec(server.output)?.[1]);
    const clients = Array.from({ length: 100 }, () => connect(port, "127.0.0.1"));
    let closed = 0;
    for (const client of clients) {
      client.on("error", () => {});
      client.on("close", () => closed++);
      client.resume();
    }
    t.teardown(() => {
      for (const client of clients) client.destroy();
    });
    await until(() => closed > 0);
    for (const client of clients) client.destroy();
    await until(async () => (await greeting(port)) === "hello");
  },
);

t.test("update changes the limits without binding again", async (t) => {
  const listener = await listen(listenerConfig(), answer, { log });
  t.teardown(() => listener.close());
  const { address } = listener;
  await listener.update({ ...listener.config, maxConnections: 1 });
  t.equal(listener.config.maxConnections, 1);
  t.equal(listener.address, address);
});

t.test("reactors share a port with reusePort", async (t) => {
  const first = await listen(listenerConfig(), answer, { log, reusePort: true });
  t.teardown(() => first.close());
  const second = await listen(listenerConfig(first.address), answer, { log, reusePort: true });
  t.teardown(() => second.close());
  t.same(second.address, first.address);
});

t.test("Unix socket", async (t) => {
  const folder = socketFolder(t);

  t.test("owner and group may connect, and its file goes with the listener", async (t) => {
    const path = join(folder, "a.sock");
    const listener = await listen(listenerConfig({ path }), answer, { log });
    t.equal(statSync(path).mode & 0o777, 0o660);
    t.equal(await ask({ path }), "hello");
    await listener.close();
    t.notOk(existsSync(path));
  });

  t.test("a live one is in use", async (t) => {
    const path = join(folder, "b.sock");
    const listener = await listen(listenerConfig({ path }), answer, { log });
    t.teardown(() => listener.close());
    await t.rejects(listen(listenerConfig({ path }), answer, { log }), {
      code: "EADDRINUSE",
      message: `Cannot listen on unix:${path}: address in use`,
    });
    t.equal(await ask({ path }), "hello");
  });

  t.test("one that a killed process left behind is replaced", async (t) => {
    const path = join(folder, "c.sock");
    const source = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => console.log("up"))`;
    const owner = startProgram("node", ["--eval", source]);
    await owner.said(/up/);
    owner.kill("SIGKILL");
    await owner.ended;
    t.ok(existsSync(path));
    const listener = await listen(listenerConfig({ path }), answer, { log });
    t.teardown(() => listener.close());
    t.equal(await ask({ path }), "hello");
  });

  t.test("a file that is no socket is left alone", async (t) => {
    const path = join(folder, "precious");
    writeFileSync(path, "data");
    await t.rejects(listen(listenerConfig({ path }), answer, { log }), {
      message: `Cannot listen on unix:${path}: the file exists and is not a socket`,
    });
    t.equal(statSync(path).size, 4);
  });

  t.test("a folder that is not there is one line", async (t) => {
    const path = join(folder, "none", "d.sock");
    await t.rejects(listen(listenerConfig({ path }), answer, { log }), {
      message: /^Cannot listen on unix:.*d\.sock: (the directory does not exist|permission denied)$/,
    });
  });
});
