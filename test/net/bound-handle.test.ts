import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { Address } from "../../core/config/model.ts";
import { type BoundHandle, bindHandle, bindHandles, canPassHandles } from "../../core/net/bound-handle.ts";
import { loopback, portOf } from "./configs.ts";
import { socketFolder } from "./socket-folder.ts";
import { until } from "./until.ts";

const notHere = !canPassHandles() && "this runtime passes no sockets";
const cannotRun = notHere || (process.platform !== "linux" && "what a process does is read from /proc");

const program = new URL("./accepting-process.ts", import.meta.url);

/** Starts a process that accepts on the handles. */
async function start(t: Test, handles: readonly BoundHandle[], onThread = false): Promise<ChildProcess> {
  const child = fork(program);
  t.teardown(() => child.kill("SIGKILL"));
  for (const { address, handle } of handles) {
    child.send({ address, onThread }, handle);
    await once(child, "message");
  }
  return child;
}

/** Stops every thread of a process; the signal alone says only that they will be. */
async function stop(child: ChildProcess): Promise<void> {
  child.kill("SIGSTOP");
  const tasks = `/proc/${child.pid}/task`;
  const isStopped = (task: string) => / T /.test(readFileSync(`${tasks}/${task}/stat`, "latin1"));
  await until(() => readdirSync(tasks).every(isStopped));
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** Resolves when the kernel has completed the handshake; `answer` when somebody accepted and answered. */
async function open(address: Address): Promise<{ answer: Promise<string> }> {
  const socket = connect(address);
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  const answer = once(socket, "close").then(() => text);
  answer.catch(() => {});
  await once(socket, "connect");
  return { answer };
}

async function openMany(address: Address, count: number): Promise<Promise<string>[]> {
  const opened = await Promise.all(Array.from({ length: count }, () => open(address)));
  return opened.map(({ answer }) => answer);
}

/** While a child is stopped and after it was killed, connections wait for its successor. */
async function survivesItsProcess(t: Test, bound: BoundHandle): Promise<void> {
  t.teardown(() => bound.close());
  const first = await start(t, [bound]);
  t.equal(await (await open(bound.address)).answer, `${first.pid} 0`);
  await stop(first);
  const queued = await openMany(bound.address, 20);
  await kill(first);
  const orphaned = await openMany(bound.address, 20);
  const second = await start(t, [bound]);
  const answers = new Set(await Promise.all([...queued, ...orphaned, (await open(bound.address)).answer]));
  t.same([...answers], [`${second.pid} 0`]);
}

t.test("a socket that outlives its process", { skip: cannotRun }, async (t) => {
  t.test("over TCP no connection is refused or reset when the accepting process is killed", async (t) => {
    await survivesItsProcess(t, await bindHandle(loopback, { reusePort: false }));
  });

  t.test("over IPv6, too", async (t) => {
    await survivesItsProcess(t, await bindHandle({ host: "::1", port: 0 }, { reusePort: false }));
  });

  t.test("over a Unix socket, too, and its file goes with the handle", async (t) => {
    const path = join(socketFolder(t), "a.sock");
    const bound = await bindHandle({ path }, { reusePort: false });
    t.equal(statSync(path).mode & 0o777, 0o660);
    await survivesItsProcess(t, bound);
    t.ok(existsSync(path));
    bound.close();
    t.notOk(existsSync(path));
  });

  t.test("threads own one descriptor each, in the next process again", async (t) => {
    const bound = await bindHandles(loopback, 2);
    t.teardown(() => {
      for (const handle of bound) handle.close();
    });
    const [{ address }] = bound as [BoundHandle];
    t.same(bound[1]?.address, address);
    const first = await start(t, bound, true);
    t.same(await answeringThreads(address), new Set([`${first.pid} 1`, `${first.pid} 2`]));
    await stop(first);
    const queued = await openMany(address, 20);
    await kill(first);
    const orphaned = await openMany(address, 20);
    const second = await start(t, bound, true);
    const answers = await Promise.all([...queued, ...orphaned]);
    t.same(new Set(answers), new Set([`${second.pid} 1`, `${second.pid} 2`]));
  });

  t.test("threads share the queue of a Unix socket", async (t) => {
    const path = join(socketFolder(t), "b.sock");
    const bound = await bindHandles({ path }, 2);
    t.teardown(() => bound[0]!.close());
    const first = await start(t, bound, true);
    t.match(await (await open({ path })).answer, new RegExp(`^${first.pid} [12]$`));
    await kill(first);
    const queued = await openMany({ path }, 10);
    const second = await start(t, bound, true);
    for (const answer of await Promise.all(queued)) t.match(answer, new RegExp(`^${second.pid} [12]$`));
  });
});

async function answeringThreads(address: Address): Promise<Set<string>> {
  const answers = new Set<string>();
  while (answers.size < 2) answers.add(await (await open(address)).answer);
  return answers;
}

t.test("binding", { skip: notHere }, async (t) => {
  t.test("a name is resolved", async (t) => {
    const bound = await bindHandle({ host: "localhost", port: 0 }, { reusePort: false });
    t.not(portOf(bound.address), 0);
    bound.close();
  });

  t.test("an address in use is one line, with one handle and with several", async (t) => {
    const server = createServer().listen(loopback);
    await once(server, "listening");
    t.teardown(() => server.close());
    const taken = { host: "127.0.0.1", port: (server.address() as { port: number }).port };
    const refusal = {
      name: "ListenError",
      message: `Cannot listen on 127.0.0.1:${taken.port}: address in use`,
    };
    await t.rejects(bindHandle(taken, { reusePort: false }), refusal);
    await t.rejects(bindHandles(taken, 2), refusal);
  });

  t.test("a group of another proxy on the same port is not joined", async (t) => {
    const server = createServer().listen({
      ...(loopback as { host: string; port: number }),
      reusePort: true,
    });
    await once(server, "listening");
    t.teardown(() => server.close());
    const taken = { host: "127.0.0.1", port: (server.address() as { port: number }).port };
    await t.rejects(bindHandles(taken, 2), { code: "EADDRINUSE" });
  });

  t.test("an address of another machine is one line", async (t) => {
    await t.rejects(bindHandle({ host: "192.0.2.1", port: 0 }, { reusePort: false }), {
      message: "Cannot listen on 192.0.2.1:0: this machine does not have the address",
    });
  });

  t.test("a name that does not resolve is one line", async (t) => {
    await t.rejects(bindHandle({ host: "name.invalid", port: 0 }, { reusePort: false }), {
      message: "Cannot listen on name.invalid:0: name does not resolve",
    });
  });
});
