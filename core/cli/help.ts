import type { CommandName } from "./commands.ts";

/** What `sluice --help` prints; fits a terminal of 80 columns and 24 lines. */
const mainHelp = `Usage: sluice --upstream URL [options]
       sluice [--config FILE] [options]
       sluice new|dev|check|plan|test|key|schema --help   commands for policies,
                                                   API keys and the config file
  --upstream URL     http://HOST:PORT, https://HOST or unix:/PATH; may repeat
  --listen ADDR      address to serve on                [127.0.0.1:8080]
  --admin ADDR|off   address of health, metrics, config [127.0.0.1:9901]
  --config FILE      config file       [./sluice.yaml if there is no --upstream]
  --plugins DIR      folder of plugins, reloaded when they change
  --state DIR        keeps the last good plugins, and keys that were added
  --workers N|auto   reactors, one thread each                       [1]
  --no-access-log    no line per request
  --pretty           log lines for people instead of JSON
  --log-level LEVEL  debug, info, warn, error or silent           [info]
  --version          print the version
  --help             print this

Every option has a variable: --log-level is SLUICE_LOG_LEVEL. An option beats
its variable, which beats the file. ADDR is HOST:PORT, :PORT or unix:/PATH.
SIGHUP reloads the file, SIGTERM drains and ends.
Exit codes: 0 done, 1 failure, 2 usage, 78 invalid config.
`;

const commandHelp: Readonly<Record<CommandName, string>> = {
  new: `Usage: sluice new policy NAME [--dir DIR]

Writes DIR/NAME.ts, a small policy, DIR/NAME.test.ts, its test, and, where
there is no DIR/tsconfig.json, that with one for the plugins and one for the
tests, which give editors the types. Overwrites nothing.

  --dir DIR          folder of plugins                        [plugins]
`,
  dev: `Usage: sluice dev [--upstream URL] [--plugins DIR] [options]

Serves as "sluice" does, for writing policies: plugins are granted what they
declare, log lines are for people, and a browser is shown what failed in a
policy, with the place in its text. Without an upstream a service answers that
returns what it was sent. Never for production.

  --upstream URL     http://HOST:PORT, https://HOST or unix:/PATH; may repeat
  --plugins DIR      folder of plugins                        [plugins]
  and the other options of "sluice --help"
`,
  check: `Usage: sluice check [FILE] [--plugins DIR]

Validates the config file and all it names, and binds nothing. Plugins are
compiled, checked by TypeScript, loaded in their engines and set up with their
configs; what a setup asks of the network or a shared store fails there, and
a setup that fails for that is a warning. Every mistake is told as
file:line:column. Lists what each plugin asks for and whether it is granted.

Exit codes: 0 valid, 1 a file cannot be read, 78 invalid.
`,
  plan: `Usage: sluice plan [URL] [--method M] [--header NAME:VALUE] [options]

Prints which policies a request to URL would meet, in which order and with
which limits and grants; without a URL, for every route. Sends nothing.

  --method M         method of the request                    [GET]
  --header N:V       a field of the request; may repeat
  --json             print JSON
  --deno             print the "deno run" command with least permissions
  --config FILE      config file                       [./sluice.yaml]
  --plugins DIR      folder of plugins
`,
  test: `Usage: sluice test [DIR|FILE] [--engine NAME] [--runtime NAME]

Runs every *.test.ts in DIR and below it with the test runner of Node or Deno.
With FILE, that one alone. Tests may import "sluice/testing" and "sluice/sdk"
from any folder.

  DIR                folder of plugins                        [plugins]
  --engine NAME      isolated-vm (on Node), quickjs, inline, or all one by one
  --runtime NAME     node or deno           [what Sluice itself is run with]
`,
  key: `Usage: sluice key add SUBJECT [--scopes A,B] [--groups A,B] [--expires TIME]
                      [--claims JSON] [--store NAME]
       sluice key list [--json] [--store NAME]
       sluice key revoke|disable|enable ID [--store NAME]

API keys of the policy "auth" (api-key with kv or store), without a reload: of
the running Sluice, over its admin listener, or in a store of the config. A new
key is printed once, alone on the standard output; its hash is what is kept.

  --store NAME       one of the stores of the config, for several machines
  --admin ADDR       address of the admin listener, if the config has another
  --config FILE      config file                       [./sluice.yaml]
`,
  schema: `Usage: sluice schema

Prints the JSON Schema of the config file, for editors.
`,
};

/** @param topic null: the whole */
export function helpFor(topic: CommandName | null): string {
  return topic === null ? mainHelp : commandHelp[topic];
}
