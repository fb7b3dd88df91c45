import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import t from "tap";
import { freePort, listenLocally } from "../support/free-port.ts";
import { type Program, startProgram } from "../support/program.ts";

function start(...args: string[]): Program {
  return startProgram(process.execPath, ["examples/hello/start.ts", "--admin", "off", ...args]);
}

t.test("npm start answers as it says, and ends cleanly on SIGTERM", async (t) => {
  const address = `127.0.0.1:${await freePort()}`;
  const origin = `http://${address}`;
  await using program = start("--listen", address);
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
  const address = `127.0.0.1:${await freePort()}`;
  await using program = start("--listen", address);
  await program.said(/Ctrl-C stops both/);
  const response = await fetch(`http://${address}/slow`);
  const chunks: string[] = [];
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) chunks.push(chunk);
  t.equal(chunks[0], "line 1 of 5\n");
  t.match(chunks.join(""), /line 5 of 5\n$/);
});

t.test("npm start with an upstream starts no service of its own", async (t) => {
  const upstream = createHttpServer((_request, response) => response.writeHead(204).end());
  const upstreamPort = await listenLocally(upstream);
  t.teardown(() => upstream.close());
  const address = `127.0.0.1:${await freePort()}`;
  await using program = start("--listen", address, "--upstream", `http://127.0.0.1:${upstreamPort}`);
  await program.said(/listening/);
  t.equal((await fetch(`http://${address}/`)).status, 204);
  t.notMatch(program.output, /small service/);
  program.kill("SIGTERM");
  t.equal(await program.ended, 0);
});

t.test("a port that is taken gives one line and exit code 1", async (t) => {
  const holder = createServer();
  const port = await listenLocally(holder);
  t.teardown(() => holder.close());
  await using program = start("--listen", `127.0.0.1:${port}`);
  t.equal(await program.ended, 1);
  t.match(program.output, String(port));
  t.equal(program.output.trim().split("\n").length, 1, program.output);
});
