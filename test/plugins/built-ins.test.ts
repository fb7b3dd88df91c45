/** What holds for every built-in plugin; what each of them does is tested in the folder of its name. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parse } from "yaml";
import { builtInNames } from "../../core/config/built-in-plugins.ts";
import { stopBundler } from "../../core/reload/bundle.ts";
import { engines } from "../support/each-engine.ts";
import { get } from "../support/gateway.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";
import { declared } from "./declared.ts";
import { exampleConfig, exampleTexts, startExample } from "./examples.ts";

t.teardown(stopBundler);

/** A part of a JSON Schema. */
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly default?: unknown;
}

const readmeOf = (name: string) => readFileSync(join("plugins", name, "README.md"), "utf8");

t.ok(builtInNames().includes("security-headers"), "there are some");

for (const name of builtInNames()) {
  for (const engine of engines) {
    t.test(`${name} loads in ${engine} and says what it is`, async (t) => {
      const { description, phases } = await declared(name, engine);
      t.ok(description, "a sentence for operators");
      t.ok(phases.size > 0);
    });
  }

  t.test(`${name} declares no variables`, async (t) => {
    // On Deno the process that proxies is given its variables before any plugin is loaded: they come from the config,
    // as ${env:NAME} or under grants.
    t.same((await declared(name, "inline")).capabilities.env, []);
  });

  t.test(`the README of ${name} names every setting, and the defaults that it tells are right`, async (t) => {
    const { config } = await declared(name, "inline");
    const readme = readmeOf(name);
    t.match(readme, `# ${name}\n`);
    const schema = (config ?? {}) as Schema;
    for (const setting of Object.keys(schema.properties ?? {})) t.match(readme, `\`${setting}`, setting);
    for (const [setting, told] of tableOf(readme)) {
      const part = partAt(schema, setting);
      t.ok(part, `${setting} is a setting`);
      if (part?.default !== undefined) t.same(told, part.default, setting);
    }
  });

  t.test(`the README of ${name} says what is counted`, async (t) => {
    const readme = readmeOf(name);
    t.match(readme, /^\*\*Metrics\*\*/m);
    for (const counter of countersOf(join("plugins", name))) t.match(readme, counter, counter);
  });

  const examples = exampleTexts(name);
  t.test(`the README of ${name} has a short and a full example`, async (t) => t.ok(examples.length >= 2));

  for (const [index, text] of examples.entries()) {
    t.test(`example ${index + 1} of ${name} serves as it is written`, async (t) => {
      const config = exampleConfig(t, name, text);
      const service = await startUpstream(t, () => ok("here"));
      const gateway = await startExample(t, config, service.address);
      const { status } = await gateway.ask(get("/"));
      t.ok(status < 500, `answered ${status}`);
      t.same(
        gateway.log.entries.filter(({ level }) => level === "error"),
        [],
      );
    });
  }
}

t.test(
  "built-in plugins are sound to the types that authors see",
  { skip: "Deno" in globalThis },
  async (t) => {
    t.doesNotThrow(() =>
      execFileSync(join("node_modules", ".bin", "tsc"), ["-p", "plugins"], { stdio: "pipe" }),
    );
  },
);

t.test("every built-in plugin has tests", async (t) => {
  for (const name of builtInNames()) t.ok(existsSync(join("test/plugins", name)), name);
});

/** Names, or what they begin with, that stand in the calls of a plugin's code that count. */
function countersOf(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  return files.flatMap((file) => {
    const calls = readFileSync(join(folder, file), "utf8").matchAll(
      /\.(?:counter|gauge|histogram)\(([^;]+);/g,
    );
    return [...calls].flatMap(([, inside]) =>
      [...inside!.matchAll(/["`]([a-z]\w+)/g)].map(([, name]) => name!),
    );
  });
}

/** Settings and their defaults, from the table whose first column is `config`. */
function tableOf(readme: string): [setting: string, told: unknown][] {
  const [, rows = ""] = /^\| config +\|.*\n\|[-| ]+\|\n((?:\|.*\n)+)/m.exec(readme) ?? [];
  return rows
    .split("\n")
    .filter((row) => row !== "")
    .map((row) => row.split("|").map((cell) => cell.trim().replaceAll("`", "")))
    .map(([, setting = "", told = ""]) => [setting, parse(told)]);
}

function partAt(schema: Schema, setting: string): Schema | undefined {
  return setting.split(".").reduce<Schema | undefined>((part, key) => part?.properties?.[key], schema);
}
