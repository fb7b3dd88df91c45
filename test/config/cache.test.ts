/** Where responses are kept, as a file says it. */
import t from "tap";
import { configFromFlags } from "../../core/config/from-flags.ts";
import { loadConfig } from "../../core/config/load.ts";
import { ConfigError, formatProblem } from "../../core/config/problem.ts";

const app = 'clusters: { app: { endpoints: ["http://127.0.0.1:3000"] } }\n';

function told(cache: string): string {
  try {
    loadConfig("sluice.yaml", `${app}cache: ${cache}`, { env: {} });
    return "";
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(formatProblem).join("\n");
  }
}

t.test("64 MiB of memory are for responses, unless the file says how much", async (t) => {
  const memoryOf = (text: string) => loadConfig("sluice.yaml", app + text, { env: {} }).cache.memory;
  t.equal(memoryOf(""), 64 * 1024 * 1024);
  t.equal(memoryOf("cache: {}"), 64 * 1024 * 1024);
  t.equal(memoryOf("cache: { memory: 1GiB }"), 1024 ** 3);
  t.equal(configFromFlags({}).cache.memory, 64 * 1024 * 1024);
});

t.test("what cannot be is told with its place", async (t) => {
  t.match(told("{ memory: 1KiB }"), 'sluice.yaml:2:18: expected a size from 1MiB to 64GiB, found "1KiB"');
  t.match(told("{ memory: much }"), /^sluice\.yaml:2:18: expected a size/);
  t.match(told("{ memori: 1GiB }"), /^sluice\.yaml:2:10/);
});
