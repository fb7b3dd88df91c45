import t from "tap";
import { freePort } from "../support/free-port.ts";
import { startProgram } from "../support/program.ts";
import { answering, PluginFolder } from "./plugin-folder.ts";

t.setTimeout(120_000);

const forging = `import { definePlugin } from "sluice/sdk";
export default definePlugin({
  onRequest(request, ctx) {
    ctx.log.error("forged", { process: "control", frame: "one\\n[00:00:00.000] INFO: two\\u001b[2J" });
    return new Response("logged");
  },
});
`;

t.test(
  "with --pretty, the lines around a problem are there to read, and no plugin can forge them",
  async (t) => {
    const folder = new PluginFolder(t, { "a.ts": forging });
    const port = await freePort();
    await using sluice = startProgram(process.execPath, [
      ...["core/cli/main.ts", "--upstream", "http://127.0.0.1:1", "--plugins", folder.plugins],
      ...["--listen", `127.0.0.1:${port}`, "--admin", "off", "--no-access-log", "--pretty"],
    ]);
    await sluice.said(/Sluice is listening/);
    t.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), "logged");
    await sluice.said(/forged/);
    t.notMatch(sluice.output, /^ *\[00:00:00/m, "a plugin's line stays one line");
    t.notOk(sluice.output.includes("\u001b[2J"), "and drives no terminal");

    folder.save("a.ts", answering("x", "\n  const"));
    await sluice.said(
      /Plugins refused[^\n]*a\.ts:4:\d+: [^\n]*\n[^\n]*3 \|[^\n]*const\n {4}> 4 \|[^\n]*onRequest[^\n]*\n +\| +\^/,
    );
    t.pass("the frame is below its line");
  },
);

const failing = `import { definePlugin } from "sluice/sdk";
export default definePlugin({
  onRequest(request, ctx) {
    ctx.log.error("forged", { process: "control", frame: "one\\n[00:00:00.000] INFO: two", stack: "x\\n    at y" });
    throw new Error("bad\\n[00:00:00.000] INFO: three\\u001b[2J");
  },
});
`;

t.test("with --pretty, a fault is shown with the lines around it and its stack", async (t) => {
  const folder = new PluginFolder(t, { "a.ts": failing });
  const port = await freePort();
  await using sluice = startProgram(process.execPath, [
    ...["core/cli/main.ts", "--upstream", "http://127.0.0.1:1", "--plugins", folder.plugins],
    ...["--listen", `127.0.0.1:${port}`, "--admin", "off", "--no-access-log", "--pretty"],
  ]);
  await sluice.said(/Sluice is listening/);
  t.equal((await fetch(`http://127.0.0.1:${port}`)).status, 500);
  await sluice.said(
    /Policy failed[^\n]*"phase":"onRequest"[^\n]*\n {6}4 \|[^\n]*forged[^\n]*\n {4}> 5 \| +throw new Error[^\n]*\n +\| +\^\n {6}6 \| +},\n {6}at [^\n]*onRequest \([^\n]*a\.ts:5:\d+\)\n/,
  );
  t.notMatch(sluice.output, /^ *\[00:00:00/m, "a message stays within its line");
  t.notOk(sluice.output.includes("\u001b[2J"), "and drives no terminal");
});
