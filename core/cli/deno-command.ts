import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, delimiter, dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { formatAddress } from "../config/address.ts";
import type { Address, Config } from "../config/model.ts";

const main = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url));

/**
 * The command that runs a configuration on Deno with the least permissions for the process that it starts. That one
 * needs `--allow-run` for Deno itself, with which it starts the process that proxies, and Deno starts that one with
 * all permissions; plugins stay in their sandbox there.
 *
 * @param file the config file, or null
 * @param argv what `sluice plan` was called with: the options of the run are among it
 */
export function denoCommand(config: Config, file: string | null, argv: readonly string[]): string {
  const hasPlugins = config.plugins.directory !== null;
  const permissions = [
    permission("net", netAddresses(config)),
    permission("read", readPaths(config, file)),
    // The environment is handed on to the process that proxies, as a whole.
    "--allow-env",
    permission("run", [denoBinary(), ...(hasPlugins ? [esbuildBinary()] : [])]),
    "--allow-sys=hostname",
    permission("write", writePaths(config)),
  ].filter((flag) => flag !== "");
  const given = argv.slice(1).filter((argument) => argument !== "--deno");
  return `${["deno run", ...permissions, quoted(main), ...given.map(quoted)].join(" ")}\n`;
}

function permission(name: string, values: readonly string[]): string {
  return values.length === 0 ? "" : `--allow-${name}=${quoted([...new Set(values)].join(","))}`;
}

/** Port 0: whether listening sockets can be handed over is found out by making one. */
function netAddresses(config: Config): string[] {
  const addresses = addressesOf(config).filter((address) => "host" in address);
  return ["127.0.0.1:0", ...addresses.map(formatAddress)];
}

function addressesOf({ listeners, clusters, admin }: Config): Address[] {
  return [
    ...listeners.map(({ address }) => address),
    ...(admin === null ? [] : [admin]),
    ...clusters.flatMap(({ endpoints }) => endpoints.map(({ address }) => address)),
  ];
}

function readPaths(config: Config, file: string | null): string[] {
  const { plugins, listeners, clusters } = config;
  const files = [
    ...listeners.flatMap(({ tls }) => tls?.certificates.flatMap(({ cert, key }) => [cert, key]) ?? []),
    ...listeners.map(({ tls }) => tls?.clientCa),
    ...clusters.flatMap(({ tls }) => [tls?.ca, tls?.cert, tls?.key]),
  ];
  return [
    installation(),
    ...(plugins.directory === null ? [] : [resolve(plugins.directory)]),
    // The folder is watched: editors put a new file in the place of the old one.
    ...(file === null ? [] : [dirname(resolve(file))]),
    ...files.filter((path) => path !== null && path !== undefined),
    ...writePaths(config),
  ];
}

function writePaths(config: Config): string[] {
  const { state } = config.plugins;
  return [...addressesOf(config).flatMap(socketFolder), ...(state === null ? [] : [resolve(state)])];
}

function socketFolder(address: Address): string[] {
  return "path" in address ? [dirname(resolve(address.path))] : [];
}

/** The folder that holds this package and those it uses. */
function installation(): string {
  const root = packageRoot();
  const holder = dirname(root);
  return basename(holder) === "node_modules" ? holder : root;
}

/** The published files lie one folder deeper. */
function packageRoot(): string {
  const above = fileURLToPath(new URL("../..", import.meta.url));
  const root = above.endsWith("/") ? above.slice(0, -1) : above;
  return extname(import.meta.url) === ".js" ? dirname(root) : root;
}

/** Permission to run it counts for the path under which it knows itself. */
function denoBinary(): string {
  if ("deno" in process.versions) return process.execPath;
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const found = folders.map((folder) => join(folder, "deno")).find((path) => existsSync(path));
  return found === undefined ? "deno" : realpathSync(found);
}

function esbuildBinary(): string {
  const own = createRequire(createRequire(import.meta.url).resolve("esbuild"));
  return own.resolve(`@esbuild/${process.platform}-${process.arch}/bin/esbuild`);
}

/** For a shell of POSIX. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
