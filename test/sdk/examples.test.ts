/** Node only: the compiler is the judge here, and it says the same wherever it runs. */
import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import t from "tap";
import { createAuthorProject } from "./author-project.ts";

/** What examples speak of without saying it. */
const surroundings = `
import { type BodyContext, type Bucket, type ConfigOf, type ConfigSchema, type DiscoveredEndpoint, type FetchGrant,
  type LogRecord, type Plugin,
  type PluginRequest, type SetupHost, type UpstreamAttempt, definePlugin } from "sluice/sdk";
type Anything = Plugin<{ "~unsafe": any }, any>;
declare const ctx: BodyContext<any, any>;
declare const request: PluginRequest;
declare const host: SetupHost;
declare const tenant: string;
declare const begun: number;
declare const order: { total: number };
`;

const examples = new Map(globSync(["sdk/*.ts", "sdk/*.d.ts"]).sort().flatMap(examplesOf));
const project = createAuthorProject(Object.fromEntries(examples));
t.teardown(() => project.remove());

t.ok(examples.size > 20, "there are examples");
for (const name of examples.keys()) {
  t.test(`the compiler takes ${name.replace(".ts", "")}`, async (t) => t.same(project.problems(name), []));
}

/** The examples in the comments of a file, each as a program under a name. */
function examplesOf(path: string): [name: string, text: string][] {
  const comments = readFileSync(path, "utf8").match(/\/\*\*.*?\*\//gs) ?? [];
  const texts = comments.flatMap((comment) => comment.split("@example").slice(1)).map(withoutStars);
  const name = basename(path).replace(/(\.d)?\.ts$/, "");
  return texts.map((text, index) => [`example ${index + 1} of ${name}.ts`, asProgram(text)]);
}

function withoutStars(example: string): string {
  return example.replace(/\*\/$/, "").replace(/^ *\* ?/gm, "");
}

function asProgram(text: string): string {
  const example = text.trim();
  if (/^(async )?\w+\(.*\) \{$|^state:/m.test(example.split("\n")[0]!)) {
    return `${surroundings}export default { ${example} } satisfies Anything;\n`;
  }
  if (/^(export|const \w+: |type |definePlugin)|export default/.test(example)) {
    return `${surroundings}${example.startsWith("export") ? "" : "export {};\n"}${example}\n`;
  }
  return `${surroundings}export async function example() {\n${example}\n}\n`;
}
