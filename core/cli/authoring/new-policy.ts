import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isPluginName, pluginNameExpected } from "../../config/names.ts";
import { exitCodes } from "../exit-codes.ts";
import { UsageError } from "../usage-error.ts";
import { policyTestText, policyText } from "./policy-template.ts";
import { tsconfigFiles } from "./tsconfig-files.ts";

export interface NewPolicyRequest {
  /** Or the name of the file, with `.ts`. */
  readonly name: string;
  /** Folder of plugins. */
  readonly folder: string;
}

/**
 * `sluice new policy NAME`: writes a policy that works and its test, and once per folder what an editor needs.
 * Nothing that is there is overwritten.
 *
 * @throws UsageError when the name is none, or taken
 */
export async function newPolicy(
  { name: given, folder }: NewPolicyRequest,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const name = given.replace(/\.ts$/, "");
  if (!isPluginName(name))
    throw new UsageError(`Cannot make the policy: expected ${pluginNameExpected}, found "${given}"`);
  const policy = join(folder, `${name}.ts`);
  const test = join(folder, `${name}.test.ts`);
  const taken = [policy, test].find((file) => existsSync(file));
  if (taken !== undefined) throw new UsageError(`Cannot make the policy: ${taken} exists`);

  await mkdir(folder, { recursive: true });
  const written = [await writeNew(policy, policyText(name)), await writeNew(test, policyTestText(name))];
  if (!existsSync(join(folder, "tsconfig.json"))) {
    for (const [file, text] of Object.entries(tsconfigFiles(folder)))
      if (!existsSync(join(folder, file))) written.push(await writeNew(join(folder, file), text));
  }
  process.stdout.write(
    `${written.map((file) => `wrote ${file}\n`).join("")}\n${nextSteps(folder, startedAs(env))}`,
  );
  return exitCodes.ok;
}

/** Fails when the file came to be meanwhile. */
async function writeNew(file: string, text: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text, { flag: "wx" });
  return file;
}

/** What was typed to run this; npm tells the programs that it starts. */
function startedAs({ npm_command, npm_lifecycle_event }: NodeJS.ProcessEnv): string {
  if (npm_lifecycle_event === "start") return "npm start --";
  return npm_command === "exec" ? "npx sluice" : "sluice";
}

function nextSteps(folder: string, sluice: string): string {
  const isDefault = folder === "plugins";
  return `Next:
  ${sluice} dev${isDefault ? "" : ` --plugins ${folder}`}
  curl -i http://127.0.0.1:8080/          then edit the policy: a save is live at once
  ${sluice} test${isDefault ? "" : ` ${folder}`}
`;
}
