import { extname, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { usesPlugins } from "../config/built-in-plugins.ts";
import type { Config } from "../config/model.ts";
import { dataPermissions, socketPaths, toListen, union } from "../control/process/data-permissions.ts";
import { esbuildBinary, installation } from "../control/process/installation.ts";
import { type Permissions, permissionFlags, type Scope } from "../control/process/permissions.ts";
import { traceFolder } from "../control/process/trace-file.ts";
import { runShape, takesOption } from "./commands.ts";
import { type OptionName, options } from "./options.ts";
import { runtimeProgram } from "./runtime-program.ts";

const main = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url));

/**
 * The command that runs a configuration on Deno with the least permissions. The process that it starts needs
 * `--allow-run` for Deno itself, with which it starts the one that proxies; that one gets the part of these
 * permissions that its work takes, and may run nothing.
 *
 * @param read what the control process reads besides its own code
 * @param argv what `sluice plan` was called with: the options of the run are among it
 */
export function denoCommand(config: Config, read: readonly string[], argv: readonly string[]): string {
  const flags = permissionFlags(permissions(config, read)).map(quoted);
  return `${["deno run --no-prompt", ...flags, quoted(main), ...runOptions(argv).map(quoted)].join(" ")}\n`;
}

/** Those that a run takes, as they were typed: without the command, its URL and its own options. */
function runOptions(argv: readonly string[]): string[] {
  const { tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return tokens.flatMap((token) => {
    if (token.kind !== "option" || !takesOption(runShape, token.name as OptionName)) return [];
    const words = token.inlineValue === false ? 2 : 1;
    return argv.slice(token.index, token.index + words);
  });
}

function permissions(config: Config, read: readonly string[]): Permissions {
  const { admin, plugins } = config;
  const data = dataPermissions(config);
  const state = plugins.state === null ? [] : [resolve(plugins.state)];
  const sockets = admin === null ? [] : socketPaths([admin]);
  const traces = usesPlugins(config) ? [traceFolder] : [];
  return {
    // Port 0: whether listening sockets can be handed over is found out by making one.
    net: union([["127.0.0.1:0"], data.net, admin === null ? [] : toListen(admin)]),
    // A file that is to be written and read takes both.
    read: union([[installation()], read, state, sockets, traces, elsewhere(data.read)]),
    write: union([state, sockets, traces, data.write]),
    // The environment is handed on to the process that proxies, as a whole.
    env: null,
    // Whether a file may be read depends on who asks, and whether one of the state is to be trusted on whose it is.
    sys: union([
      data.sys,
      usesTls(config) ? ["uid", "gid"] : [],
      state.length > 0 ? ["uid"] : [],
      asksNameServers(config) ? ["networkInterfaces"] : [],
    ]),
    // Permission to run it counts for the path under which it knows itself.
    run: [runtimeProgram("deno") ?? "deno", ...(usesPlugins(config) ? [esbuildBinary()] : [])],
  };
}

function usesTls({ listeners, clusters, stores }: Config): boolean {
  return [...listeners, ...clusters, ...stores.map(({ redis }) => redis)].some(({ tls }) => tls !== null);
}

/** The code of the one that proxies lies where all of it does. */
function elsewhere(paths: Scope): Scope {
  return paths?.filter((path) => !path.startsWith(installation() + sep)) ?? null;
}

/** Deno takes asking for the system's name servers for asking of its interfaces, also where others are configured. */
function asksNameServers({ clusters }: Config): boolean {
  return clusters.some(({ discovery }) => discovery?.kind === "dns" || discovery?.kind === "srv");
}

/** For a shell of POSIX. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
