/** The cache judged by github.com/http-tests/cache-tests: `SLUICE_CACHE_TESTS` names a checkout of it. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import t, { type Test } from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { startBuiltInGateway } from "../support/built-in-gateway.ts";
import { freePort } from "../support/free-port.ts";

const folder = process.env["SLUICE_CACHE_TESTS"];
const skip = folder === undefined && "SLUICE_CACHE_TESTS names no checkout of http-tests/cache-tests";

const partial = "parts are not kept";
const languages = "Accept-Language is compared as a text";

/** What is not passed, and why. */
const excused: Readonly<Record<string, string>> = {
  "method-POST": "what POST returns is not kept",
  "vary-normalise-lang-order": languages,
  "vary-normalise-lang-select": languages,
  "conditional-lm-fresh-no-lm": "a date is compared with Last-Modified alone",
  "headers-store-Transfer-Encoding": "a message that is framed in two ways is refused",
  "partial-store-partial-reuse-partial": partial,
  "partial-store-partial-reuse-partial-byterange": partial,
  "partial-store-partial-reuse-partial-absent": partial,
  "partial-store-partial-reuse-partial-suffix": partial,
  "partial-store-partial-complete": partial,
};

/** What is not passed besides where cookies are not shared, which is the default. */
const cookies = ["headers-store-Set-Cookie", "other-set-cookie"];

interface Judged {
  readonly id: string;
  readonly kind?: string;
  readonly browser_only?: boolean;
}

t.setTimeout(300_000);
t.teardown(stopBundler);

t.test("the cache passes what is required and what is optimal", { skip }, async (t) => {
  t.same(await failures(t, { setCookie: "share" }), Object.keys(excused).sort());
});

t.test("as it is configured by default it shares no cookies", { skip }, async (t) => {
  t.same(await failures(t, {}), [...Object.keys(excused), ...cookies].sort());
});

async function failures(t: Test, config: object): Promise<string[]> {
  const port = await freePort();
  const settings = { npm_config_protocol: "http", npm_config_port: String(port), npm_config_id: "" };
  const server = spawn(process.execPath, ["test-engine/server/server.mjs"], {
    cwd: folder,
    env: { ...settings, npm_config_pidfile: join(t.testdir(), "pid") },
    stdio: ["ignore", "pipe", "ignore"],
  });
  t.teardown(() => server.kill());
  await once(server.stdout, "data");
  const endpoint = { host: "127.0.0.1", port };
  const { address } = await startBuiltInGateway(t, endpoint, [{ plugin: "cache", config }], {
    route: { retry: null },
  });
  const base = "port" in address ? `http://127.0.0.1:${address.port}` : "";
  const env = { ...settings, npm_package_config_id: "", npm_config_base: base };
  const { stdout } = await promisify(execFile)(process.execPath, ["--no-warnings", "test-engine/cli.mjs"], {
    cwd: folder,
    env,
    maxBuffer: 2 ** 26,
  });
  const load = (path: string) => import(pathToFileURL(join(folder!, path)).href);
  const { default: suites } = (await load("tests/index.mjs")) as { default: { tests: Judged[] }[] };
  const { determineTestResult } = (await load("test-engine/lib/results.mjs")) as {
    determineTestResult: (tests: unknown, id: string, results: unknown) => string[];
  };
  const results: unknown = JSON.parse(stdout);
  return suites
    .flatMap(({ tests }) => tests)
    .filter(({ kind, browser_only }) => kind !== "check" && !browser_only)
    .map(({ id }) => id)
    .filter((id) => determineTestResult(suites, id, results)[2] !== "✅")
    .sort();
}
