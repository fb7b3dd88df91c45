import { once } from "node:events";
import { createServer } from "node:net";
import t from "tap";
import { freePort } from "../support/free-port.ts";
import { startProgram } from "../support/program.ts";

const start = (...args: string[]) =>
  startProgram(process.execPath, ["examples/hello/start.ts", "--admin", "off", ...args]);

t.test("npm start answers as it says, and ends cleanly on SIGTERM", async (t) => {
  const origin = `http://127.0.0.1:${await freePort()}`;
  await using program = start("--listen", new URL(origin).host);
  await program.said(/Ctrl-C stops both/);
  t.match(program.output, `curl -i ${origin}/`);

  const hello = await fetch(origin);
  t.match(await hello.json(), { message: /Hello/, headers: { via: /./ } });
  const echo = await fetch(`${origin}/echo`, { method: "POST", body: "anything" });
  t.equal(await echo.text(), "anything");
  const page = await fetch(`${origin}/page`);
  t.match(page.headers.get("content-type"), "text/html");
  t.equal((await fetch(`${origin}/nowhere`)).status, 404);

  program.kill("SIGTERM");
  t.equal(await program.ended, 0);
});

t.test("the slow answer streams: its first line is there before its last", async (t) => {
  const origin = `http://127.0.0.1:${await freePort()}`;
  await using program = start("--listen", new URL(origin).host);
  await program.said(/Ctrl-C stops both/);
  const response = await fetch(`${origin}/slow`);
  const chunks: string[] = [];
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) chunks.push(chunk);
  t.equal(chunks[0], "line 1 of 5\n");
  t.match(chunks.join(""), /line 5 of 5\n$/);
});

t.test("npm start with an upstream starts no service of its own", async (t) => {
  const upstream = createServer((socket) =>
    socket.end("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"),
  );
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  t.teardown(() => upstream.close());
  const address = upstream.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const port = await freePort();
  await using program = start(
    "--listen",
    `127.0.0.1:${port}`,
    "--upstream",
    `http://127.0.0.1:${address.port}`,
  );
  await program.said(/listen/i);
  t.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 204);
  t.notMatch(program.output, /small service/);
  program.kill("SIGTERM");
  t.equal(await program.ended, 0);
});

t.test("a port that is taken gives one line and exit code 1", async (t) => {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  t.teardown(() => holder.close());
  const address = holder.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  await using program = start("--listen", `127.0.0.1:${address.port}`);
  t.equal(await program.ended, 1);
  t.match(program.output, String(address.port));
  t.equal(program.output.trim().split("\n").length, 1, program.output);
});
