import t from "tap";
import { parseCommandLine } from "../../core/cli/args.ts";
import { UsageError } from "../../core/cli/usage-error.ts";

function overrides(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const command = parseCommandLine(argv, env);
  return "overrides" in command ? command.overrides : {};
}

function complaint(argv: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  try {
    parseCommandLine(argv, env);
    return "";
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return error.message;
  }
}

t.test("flags become overrides", async (t) => {
  const argv =
    "--upstream http://a --upstream=http://b:81 --listen :8080 --admin off --workers auto --no-access-log --pretty --log-level warn";
  t.same(overrides(argv.split(" ")), {
    upstreams: [
      { address: { host: "a", port: 80 }, weight: 1, zone: null, priority: 0, authority: "a", secure: false },
      {
        address: { host: "b", port: 81 },
        weight: 1,
        zone: null,
        priority: 0,
        authority: "b:81",
        secure: false,
      },
    ],
    listen: { host: "0.0.0.0", port: 8080 },
    admin: null,
    workers: "auto",
    accessLog: false,
    pretty: true,
    logLevel: "warn",
  });
});

t.test("variables become the same overrides", async (t) => {
  const env = {
    SLUICE_UPSTREAM: "http://a, http://b",
    SLUICE_LISTEN: ":1",
    SLUICE_ADMIN: "127.0.0.1:2",
    SLUICE_WORKERS: "2",
    SLUICE_ACCESS_LOG: "off",
    SLUICE_PRETTY: "true",
    SLUICE_LOG_LEVEL: "debug",
  };
  t.match(overrides([], env), {
    upstreams: [{ authority: "a" }, { authority: "b" }],
    listen: { port: 1 },
    admin: { port: 2 },
    workers: 2,
    accessLog: false,
    pretty: true,
    logLevel: "debug",
  });
  t.same(
    overrides([], { SLUICE_LISTEN: "", SLUICE_UPSTREAM: " " }),
    {},
    "an empty variable counts as absent",
  );
});

t.test("a flag beats its variable", async (t) => {
  const env = {
    SLUICE_UPSTREAM: "http://env",
    SLUICE_WORKERS: "junk",
    SLUICE_ACCESS_LOG: "off",
    SLUICE_CONFIG: "env.yaml",
  };
  const argv = ["--upstream", "http://flag", "--workers", "3", "--access-log", "--config", "flag.yaml"];
  t.match(overrides(argv, env), { upstreams: [{ authority: "flag" }], workers: 3, accessLog: true });
  t.match(parseCommandLine(argv, env), { kind: "run", file: "flag.yaml" });
  t.match(parseCommandLine([], { SLUICE_CONFIG: "env.yaml" }), { kind: "run", file: "env.yaml" });
});

t.test("commands are told apart", async (t) => {
  t.match(parseCommandLine([], {}), { kind: "run", file: null });
  t.match(parseCommandLine(["check"], {}), { kind: "check", file: null });
  t.match(parseCommandLine(["check", "a.yaml"], {}), { kind: "check", file: "a.yaml" });
  t.same(parseCommandLine(["schema"], {}), { kind: "schema" });
  t.same(parseCommandLine(["-h"], {}), { kind: "help", topic: null });
  t.same(parseCommandLine(["--version"], {}), { kind: "version" });
});

const complaints: readonly (readonly [argv: readonly string[], message: string])[] = [
  [["--upsteam", "http://a"], 'Unknown option "--upsteam" (did you mean "--upstream"?)'],
  [["--upsteam=http://a"], 'Unknown option "--upsteam" (did you mean "--upstream"?)'],
  [["--no-acces-log"], 'Unknown option "--no-acces-log" (did you mean "--no-access-log"?)'],
  [["--no-listen"], 'Unknown option "--no-listen" (did you mean "--listen"?)'],
  [["--constructor"], 'Unknown option "--constructor"'],
  [["-x"], 'Unknown option "-x"'],
  [["chek"], 'Unknown command "chek" (did you mean "check"?)'],
  [
    ["http://127.0.0.1:3000"],
    'Unknown command "http://127.0.0.1:3000" (did you mean "--upstream http://127.0.0.1:3000"?)',
  ],
  [["check", "a", "b"], 'Unexpected argument "b"'],
  [["schema", "a"], 'Unexpected argument "a"'],
  [["schema", "--listen", ":1"], 'Option --listen does not go with "sluice schema"'],
  [["--json"], 'Option --json does not go with "sluice"'],
  [["check", "--engine", "quickjs"], 'Option --engine does not go with "sluice check"'],
  [["new", "policy"], 'Cannot make it: expected "sluice new policy NAME"'],
  [["new", "hello", "policy"], 'Cannot make it: expected "sluice new policy NAME"'],
  [["dev", "sluice.yaml"], 'Unexpected argument "sluice.yaml"'],
  [["plan", "--header", "x"], 'Cannot use --header: expected NAME:VALUE, found "x"'],
  [["--listen"], "Option --listen needs a value"],
  [["--listen="], "Option --listen needs a value"],
  [["--listen", "--pretty"], "Option --listen needs a value"],
  [["--pretty=yes"], 'Option --pretty takes no value, found "yes"'],
  [["--workers", "0"], 'Cannot use --workers: expected a number from 1 to 256, or auto, found "0"'],
  [
    ["--log-level", "loud"],
    'Cannot use --log-level: expected one of debug, info, warn, error, silent, found "loud"',
  ],
];

for (const [argv, message] of complaints) {
  t.test(`sluice ${argv.join(" ")} is refused in one line`, async (t) => {
    t.equal(complaint(argv), message);
  });
}

t.test("a bad value is named with where it came from, and without credentials", async (t) => {
  t.match(
    complaint([], { SLUICE_LISTEN: "8080" }),
    /^Cannot use SLUICE_LISTEN: expected an address .*, found "8080"$/,
  );
  t.match(
    complaint([], { SLUICE_ACCESS_LOG: "maybe" }),
    /^Cannot use SLUICE_ACCESS_LOG: expected on or off, found "maybe"$/,
  );
  t.match(complaint(["--upstream", "http://bob:secret@a"]), /found "http:\/\/\*\*\*@a"$/);
});

t.test("commands take what is theirs", async (t) => {
  t.same(parseCommandLine(["check", "--help"], {}), { kind: "help", topic: "check" });
  t.same(parseCommandLine(["new", "policy", "hello"], {}), { kind: "new", name: "hello", folder: "plugins" });
  t.same(parseCommandLine(["test", "p", "--engine", "all"], {}), {
    kind: "test",
    path: "p",
    engine: "all",
    runtime: null,
  });
  t.match(parseCommandLine(["dev", "--plugins", "p"], {}), { kind: "dev", overrides: { plugins: "p" } });
  t.match(
    parseCommandLine(["plan", "/a", "--method", "PUT", "--header", "X-A: b", "--config", "c.yaml"], {}),
    {
      kind: "plan",
      file: "c.yaml",
      request: { url: "/a", method: "PUT", headers: new Map([["x-a", "b"]]), json: false },
    },
  );
});
