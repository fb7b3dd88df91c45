import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync, readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import t from "tap";
import { LineOutput } from "../../core/observe/line-output.ts";

t.test("LineOutput writes every line in order", async (t) => {
  const path = `${t.testdir()}/log`;
  const fd = openSync(path, "w");
  const output = new LineOutput(fd);
  const lines = Array.from({ length: 500 }, (_, index) => `line ${index} ü\n`);
  for (const line of lines) {
    output.write(line);
  }
  await output.flush(5000);
  closeSync(fd);
  t.equal(readFileSync(path, "utf8"), lines.join(""));
  t.equal(output.takeDropped(), 0);
});

t.test("LineOutput writes what waits when the thread ends at once", async (t) => {
  const path = `${t.testdir()}/log`;
  const fd = openSync(path, "w");
  const output = new LineOutput(fd);
  output.write("last words\n");
  output.flushSync();
  closeSync(fd);
  t.equal(readFileSync(path, "utf8"), "last words\n");
});

t.test("a reader that stalls costs lines, not memory, and the log goes on when it reads again", async (t) => {
  const child = spawnWriter(`
    for (let index = 0; index < 20000; index++) output.write("x".repeat(99) + "\\n");
    setInterval(() => {}, 1000);
    process.once("SIGUSR2", async () => {
      await output.flush(5000);
      output.write("again\\n");
      await output.flush(5000);
      process.exit(0);
    });
    console.error(output.takeDropped());
  `);
  const [report] = await once(child.stderr, "data");
  const dropped = Number(String(report));
  t.ok(dropped > 9_000, `${dropped} lines dropped`);
  child.kill("SIGUSR2");
  let text = "";
  for await (const chunk of child.stdout) {
    text += chunk;
  }
  const lines = text.trimEnd().split("\n");
  t.equal(lines.at(-1), "again");
  t.ok(
    lines.slice(0, -1).every((line) => line.length === 99),
    "no line is torn",
  );
});

t.test("a reader that went away does not end the process", async (t) => {
  const child = spawnWriter(`
    process.once("SIGUSR2", async () => {
      output.write("nobody reads\\n");
      await output.flush(5000);
      output.write("still nobody\\n");
      console.error(output.takeDropped());
      process.exit(0);
    });
    console.error("ready");
    setInterval(() => {}, 1000);
  `);
  await once(child.stderr, "data");
  child.stdout.destroy();
  child.kill("SIGUSR2");
  const [code] = await once(child, "exit");
  t.equal(code, 0);
});

t.test("a pipe that nobody reads does not keep the process from ending", async (t) => {
  const path = `${t.testdir()}/pipe`;
  execFileSync("mkfifo", [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY);
  t.teardown(() => [reader, writer].forEach(closeSync));
  const child = spawnWriter(
    `for (let index = 0; index < 5000; index++) output.write("x".repeat(99) + "\\n");
     await output.flush(100);`,
    writer,
  );
  const [code] = await once(child, "exit");
  t.equal(code, 0);
});

function spawnWriter(program: string, stdout: "pipe" | number = "pipe") {
  const module = new URL("../../core/observe/line-output.ts", import.meta.url);
  const source = `import { LineOutput, withoutBlocking } from ${JSON.stringify(module.href)};
    const output = new LineOutput(withoutBlocking(1));
    ${program}`;
  return spawn(process.execPath, ["--input-type=module", "--eval", source], {
    stdio: ["ignore", stdout, "pipe"],
  }) as ChildProcessByStdio<null, Readable, Readable>;
}
