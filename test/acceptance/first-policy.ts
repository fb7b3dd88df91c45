import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import type { InstalledSluice } from "./installed-sluice.ts";

/** What it may take to write, break, repair and test a policy, in ms, for one who reads and types nothing. */
const mostTime = 60_000;

/** The chapter "Write a policy" of the README, step by step. */
export async function firstPolicy(t: Test, installed: InstalledSluice, folder: string): Promise<void> {
  const start = performance.now();
  const made = await installed.run(["new", "policy", "hello"], folder);
  t.equal(made.code, 0, made.stderr);
  const file = join(folder, "plugins", "hello.ts");
  const written = readFileSync(file, "utf8");

  const dev = installed.start(["dev", "--admin", "off"], { cwd: folder });
  t.teardown(() => dev[Symbol.asyncDispose]());
  await dev.said(/Sluice is listening.*\n/);
  const url = `http://${/"listeners":\["(.*?)"\]/.exec(dev.output)![1]}/`;
  const ask = async (headers: Record<string, string> = {}) => {
    const response = await fetch(url, { headers });
    return {
      status: response.status,
      seen: response.headers.get("x-seen-client"),
      text: await response.text(),
    };
  };
  /** Waits for what is told of this save. */
  const save = async (code: string, told: RegExp) => {
    const before = dev.output.length;
    writeFileSync(file, code);
    await dev.said(new RegExp(`^[^]{${before}}[^]*?${told.source}`));
  };
  const asAcme = { "x-client-id": "acme" };

  await t.test("it works as it is written", async (t) => {
    t.same(await ask(), { status: 400, seen: null, text: '{"title":"x-client-id is missing"}' });
    t.match(await ask(asAcme), { status: 200, seen: "acme", text: /"x-policy":\s*"hello"/ });
  });

  await t.test("a change is live as it is saved", async (t) => {
    await save(written.replaceAll("x-client-id", "x-key"), /Plugins reloaded/);
    t.match(await ask(asAcme), { status: 400, text: "x-key is missing" });
    t.match(await ask({ "x-key": "acme" }), { status: 200, seen: "acme" });
  });

  await t.test("without a brace the terminal shows the line, and the old one stays", async (t) => {
    const broken = written.replace("status: 400 });\n    }", "status: 400 });");
    await save(broken, /plugins\/hello\.ts:\d+:\d+[\s\S]*\d+ \|/);
    t.match(await ask({ "x-key": "acme" }), { status: 200, seen: "acme" });
    await save(written, /Plugins reloaded/);
    t.match(await ask(asAcme), { status: 200, seen: "acme" });
  });

  for (const [title, code, cause] of [
    ["an error", 'throw new Error("on purpose");', /on purpose/],
    ["a loop without end", "for (;;);", /took more than 50 ms/],
  ] as const) {
    await t.test(`${title} is shown in the terminal and to a browser, to no other client`, async (t) => {
      await save(written.replace("const client", `${code}\n    const client`), /Plugins reloaded/);
      const line = written.slice(0, written.indexOf("const client")).split("\n").length;
      const page = await ask({ accept: "text/html" });
      t.match(page, { status: 500, text: cause });
      t.match(page.text, `plugins/hello.ts:${line}:`);
      await dev.said(cause);
      await dev.said(new RegExp(`> ${line} \\| +${code.slice(0, 3)}`));
      const other = await ask();
      t.match(JSON.parse(other.text), { title: "A policy failed", code: "plugin_failed" });
      t.notMatch(other.text, cause);
      await save(written, /Plugins reloaded/);
    });
  }

  await t.test("it is tested, checked and planned", async (t) => {
    const tested = await installed.run(["test"], folder);
    t.match(tested, { code: 0, stdout: /pass 2\b/ });
    const checked = await installed.run(["check", "--plugins", "plugins"], folder);
    t.match(checked, { code: 0, stdout: /valid, 1 plugin\n$/ });
    const planned = await installed.run(
      ["plan", "/orders", "--plugins", "plugins", "--method", "POST"],
      folder,
    );
    t.match(planned, { code: 0, stdout: "hello" });
  });

  const took = performance.now() - start;
  t.ok(took < mostTime, `all of it took ${Math.round(took)} ms`);
}
