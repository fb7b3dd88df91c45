/** Servers that are none, or answer what nobody asked: the store is lost, and nothing else happens. */
import { createServer, type Socket } from "node:net";
import t, { type Test } from "tap";
import { RedisStore } from "../../../core/store/redis/redis-store.ts";
import { StoreLostError, type StoreStep } from "../../../core/store/remote-store.ts";
import { until } from "../../net/until.ts";
import { listenLocally } from "../../support/free-port.ts";

/** @param answer to what arrives on a connection, the n-th time, from 0 on */
async function against(t: Test, answer: (socket: Socket, time: number) => void) {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on("error", () => {});
    let time = 0;
    socket.on("data", () => answer(socket, time++));
  });
  const port = await listenLocally(server);
  const states: (string | null)[] = [];
  const store = new RedisStore({
    client: { socket: { host: "127.0.0.1", port } },
    connectTimeout: 1000,
    commandTimeout: 300,
    keyPrefix: "sluice:",
    observer: {
      state: (lost) => void states.push(lost === null ? null : lost.message),
      closed() {},
      call() {},
      failed() {},
    },
  });
  t.teardown(() => {
    store.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await store.open();
  const step: StoreStep = { op: "get", key: "a", values: ["", "", "", "", ""] };
  return { store, states, ask: () => store.run("p", [step]), connections: () => connections };
}

/** What the probe is answered by a server that is right. */
const fine = "*1\r\n$0\r\n\r\n";

const greetings: Readonly<Record<string, string>> = {
  "speaks HTTP": "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
  "sends noise": "\x00\xff\xfe?!\r\n",
  "says OK to everything": "+OK\r\n",
  "says that the script failed": "-ERR unknown command 'EVAL'\r\n",
  "answers with a number": ":1\r\n",
  "answers with nothing": "$-1\r\n",
  "answers with an empty list": "*0\r\n",
  "answers with a list of numbers": "*1\r\n:5\r\n",
  "announces more than there is": "$999999999999\r\nabc",
  "announces a list of less than nothing": "*-5\r\n",
};

for (const [title, greeting] of Object.entries(greetings)) {
  t.test(`a server that ${title} is a lost store`, async (t) => {
    const { ask, states } = await against(t, (socket) => socket.write(greeting, "latin1"));
    await t.rejects(ask(), StoreLostError);
    t.equal(states.length, 1);
    t.type(states[0], "string");
  });

  t.test(`a server that comes to be one that ${title} is lost, and asked again`, async (t) => {
    const { ask, states, connections } = await against(
      t,
      (socket, time) => void socket.write(time === 0 ? fine : greeting, "latin1"),
    );
    t.same(states, [null], "the probe was answered");
    await t.rejects(ask(), StoreLostError);
    t.type(states[1], "string");
    await until(() => connections() > 1);
  });
}

t.test("a server that closes at once is a lost store", async (t) => {
  const { ask } = await against(t, (socket) => void socket.end());
  await t.rejects(ask(), StoreLostError);
});

for (const [title, leave] of Object.entries({
  ends: (socket: Socket) => socket.end(fine),
  "is gone": (socket: Socket) => socket.write(fine, () => socket.destroy()),
  resets: (socket: Socket) => socket.write(fine, () => socket.resetAndDestroy()),
})) {
  t.test(`a server that ${title} right behind its first answer is asked again and again`, async (t) => {
    const { ask, connections } = await against(t, (socket) => void leave(socket));
    for (let question = 0; question < 10; question++) await t.rejects(ask(), StoreLostError);
    await until(() => connections() > 2);
  });
}

t.test("attack: an answer that comes after its time is nobody's", async (t) => {
  const late: Socket[] = [];
  const { ask } = await against(t, (socket, time) => {
    if (time === 0) socket.write(fine);
    else late.push(socket);
  });
  const first = ask();
  await t.rejects(first, StoreLostError);
  for (const socket of late) socket.write("*1\r\n$6\r\nSTOLEN\r\n");
  t.not(await ask().catch(({ message }: Error) => message), "STOLEN");
});

t.test("attack: more answers than questions are for nobody", async (t) => {
  const { ask } = await against(t, (socket, time) => {
    if (time === 0) socket.write(fine);
    else socket.write("*1\r\n$5\r\nfirst\r\n*1\r\n$6\r\nSTOLEN\r\n");
  });
  const answers: unknown[] = [];
  for (let question = 0; question < 5; question++) answers.push(await ask().catch(({ name }: Error) => name));
  t.same(
    answers.filter((answer) => answer !== "first" && answer !== "StoreLostError"),
    [],
  );
});
