import { readFileSync } from "node:fs";
import t from "tap";
import { parse } from "yaml";
import { strategyTypes } from "../../../plugins/auth/strategies.ts";

const readme = readFileSync("plugins/auth/README.md", "utf8");

for (const { type, schema } of strategyTypes) {
  t.test(`the README's part on ${type} names every setting with its default`, async (t) => {
    const [, part = ""] = readme.split(`\n## ${type}\n`);
    const [, rows = ""] = /^\| setting +\|.*\n\|[-| ]+\|\n((?:\|.*\n)+)/m.exec(part) ?? [];
    const told = new Map(
      rows
        .split("\n")
        .filter((row) => row !== "")
        .map((row) => row.split("|").map((cell) => cell.trim().replaceAll("`", "")))
        .map(([, setting = "", value = ""]) => [setting, value]),
    );
    const settings = Object.entries(schema.properties ?? {});
    t.same([...told.keys()].sort(), settings.map(([name]) => name).sort());
    for (const [name, setting] of settings) {
      const byDefault = typeof setting === "object" ? setting.default : undefined;
      if (byDefault === undefined) t.equal(told.get(name), "(needed)", name);
      else t.same(parse(told.get(name) ?? ""), byDefault, name);
    }
  });
}
