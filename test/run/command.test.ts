import { once } from "node:events";
import { createServer } from "node:net";
import t from "tap";
import { listenLocally } from "../support/free-port.ts";
import { runCommand } from "./command.ts";

t.test("runCommand says how a program ended", async (t) => {
  const node = (code: string, timeout = 20_000) => runCommand(process.execPath, ["-e", code], { timeout });
  t.match(await node("console.log('said')"), { ok: true, output: "said\n" });
  t.match(await node("process.exit(3)"), { ok: false, ending: "exit code 3" });
  t.match(await node("setInterval(() => {}, 1000)", 200), { ok: false, ending: "no end after 0.2 s" });
  t.match(await runCommand("no-such-program", [], { timeout: 1000 }), { ok: false, ending: /ENOENT/ });
});

t.test("runCommand leaves nothing behind of what a program started", async (t) => {
  const server = createServer();
  const port = await listenLocally(server);
  t.teardown(() => server.close());
  const connected = once(server, "connection");
  const grandchild = `require("node:net")
    .connect(${port}, "127.0.0.1", () => process.kill(process.ppid))`;
  const child = `require("node:child_process")
    .spawn(process.execPath, ["-e", ${JSON.stringify(grandchild)}], { stdio: "inherit" })`;
  const command = runCommand(process.execPath, ["-e", child], { timeout: 20_000 });
  const [socket] = await connected;
  const closed = once(
    socket.resume().on("error", () => {}),
    "close",
  );
  t.match(await command, { ending: "killed by SIGTERM" });
  await closed;
  t.pass("the grandchild's connection is closed");
});
