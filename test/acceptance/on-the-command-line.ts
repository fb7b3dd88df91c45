import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Test } from "tap";
import { listenLocally } from "../support/free-port.ts";
import type { InstalledSluice } from "./installed-sluice.ts";

const brokenFile = `listeners:
  - adress: 127.0.0.1:8080
clusters:
  app: { endpoints: [http://127.0.0.1:3000], timeouts: { connect: 5 seconds } }
routes:
  - cluster: ap
`;

const keylessFile = `listeners:
  - address: 127.0.0.1:0
    tls: { certificates: [{ cert: none.pem, key: none.key }] }
clusters:
  app: { endpoints: [http://127.0.0.1:3000] }
`;

/** What the command says before it serves, or instead. */
export async function onTheCommandLine(t: Test, installed: InstalledSluice, folder: string): Promise<void> {
  const sluice = (...args: string[]) => installed.run(args, folder);

  t.test("it introduces itself", async (t) => {
    const { version } = JSON.parse(installed.read("package.json"));
    t.match(await sluice("--version"), { code: 0, stdout: `sluice ${version}\n`, stderr: "" });
    t.match(await sluice("--help"), { code: 0, stdout: /^Usage: sluice --upstream URL/, stderr: "" });
    const schema = await sluice("schema");
    t.match(JSON.parse(schema.stdout), {
      type: "object",
      properties: { listeners: {}, clusters: {}, routes: {} },
    });
  });

  t.test("a slip of the hand is one line and exit code 2", async (t) => {
    const slips: Record<string, readonly string[]> = {
      'Unknown option "--upsteam" (did you mean "--upstream"?)': ["--upsteam", "http://127.0.0.1:3000"],
      'Unknown command "chekc" (did you mean "check"?)': ["chekc"],
      "Nothing to proxy to: expected --upstream URL or a file, found no sluice.yaml here": [],
      "Option --upstream needs a value": ["--upstream"],
    };
    for (const [message, args] of Object.entries(slips)) {
      t.same(await sluice(...args), {
        code: 2,
        stdout: "",
        stderr: `sluice: ${message}\nTry "sluice --help"\n`,
      });
    }
  });

  t.test("a busy port is one line and exit code 1", async (t) => {
    const holder = createServer();
    t.teardown(() => holder.close());
    const address = `127.0.0.1:${await listenLocally(holder)}`;
    const stderr = `sluice: Cannot listen on ${address}: address in use\n`;
    const upstream = ["--upstream", "http://127.0.0.1:9"];
    t.same(await sluice(...upstream, "--listen", address, "--admin", "off"), { code: 1, stdout: "", stderr });
    t.same(await sluice(...upstream, "--listen", "127.0.0.1:0", "--admin", address), {
      code: 1,
      stdout: "",
      stderr,
    });
  });

  t.test("check names every mistake of a file with its place, and serving refuses it alike", async (t) => {
    const cwd = join(folder, "broken");
    mkdirSync(cwd);
    writeFileSync(join(cwd, "sluice.yaml"), brokenFile);
    const checked = await installed.run(["check"], cwd);
    t.equal(checked.code, 78);
    t.match(checked.stderr, 'sluice.yaml:2:5: unknown key "adress" (did you mean "address"?)\n');
    t.match(checked.stderr, /^sluice\.yaml:4:\d+: expected a duration such as .*, found "5 seconds"$/m);
    t.match(checked.stderr, /^sluice\.yaml:6:14: expected the name of a cluster.*, found "ap"/m);
    t.same(await installed.run([], cwd), checked);
  });

  t.test("a key that cannot be read is named, and exit code 1", async (t) => {
    const cwd = join(folder, "keyless");
    mkdirSync(cwd);
    writeFileSync(join(cwd, "sluice.yaml"), keylessFile);
    const { code, stderr } = await installed.run([], cwd);
    t.equal(code, 1);
    t.match(stderr, /^sluice\.yaml:3:\d+: expected a file that can be read, found no file: \S+none\.key$/m);
  });
}
