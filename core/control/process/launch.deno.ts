import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { formatAddress } from "../../config/address.ts";
import type { Address } from "../../config/model.ts";
import { processEntry } from "../../data/entry.ts";
import { dataPermissions, toListen } from "./data-permissions.ts";
import { esbuildBinary } from "./installation.ts";
import type { Launched, LaunchOptions } from "./launch.ts";
import { lacking, type PermissionName, type Permissions, permissionFlags } from "./permissions.ts";
import { isWithin } from "./watched-folders.ts";

/** The part of Deno's API in use: https://docs.deno.com/api/deno/permissions */
declare const Deno: {
  readonly permissions: {
    querySync(descriptor: object): { readonly state: "granted" | "prompt" | "denied" };
  };
};

const nothing: Permissions = { net: [], read: [], write: [], env: [], sys: [], run: [] };

/**
 * Starts the data process with no more than its config needs, and with nothing that this process may not do
 * itself: what the operator gave is the most that anything here has.
 *
 * A later config that needs more is refused by `demand`, as permissions cannot be added to a process.
 *
 * @throws Error with the options that are missing
 */
export function launch({ config, args, env, descriptor }: LaunchOptions): Launched {
  const given = dataPermissions(config);
  demandOfThisProcess("start the data process", { ...given, run: [process.execPath] });
  const flags = ["--no-prompt", ...permissionFlags(given), ...withoutOtherVariables(given)];
  const child = spawn(process.execPath, ["run", ...flags, fileURLToPath(processEntry), ...args], {
    env,
    stdio: ["inherit", "inherit", "inherit", "ipc", ...(descriptor === null ? [] : [descriptor])],
  });
  // Node ends the channel of a process that could not be started, too.
  if (child.pid === undefined) child.once("error", () => child.emit("disconnect"));
  return { child, demand: (next) => demandWithin(given, dataPermissions(next)) };
}

/**
 * Whether this process may listen on an address. Deno throws where nobody can catch it.
 *
 * @throws Error with the option that is missing
 */
export function demandToListen(address: Address): void {
  demandOfThisProcess(`listen on ${formatAddress(address)}`, { ...nothing, net: toListen(address) });
}

/**
 * Whether this process may run the compiler, which tells it in no words of use.
 *
 * @throws Error with the option that is missing
 */
export function demandToCompile(): void {
  demandOfThisProcess("compile the plugins", { ...nothing, run: [esbuildBinary()] });
}

/** Libraries look for settings of theirs, and take it that there are none. */
function withoutOtherVariables({ env }: Permissions): string[] {
  return env === null ? [] : ["--ignore-env"];
}

/** @param what is done with it */
function demandOfThisProcess(what: string, asked: Permissions): void {
  const missing = lacking(asked, isGranted);
  if (missing === null) return;
  throw new Error(
    `Cannot ${what}: Deno was run without ${permissionFlags(missing).join(" ")}; "sluice plan --deno" prints the whole command`,
  );
}

function demandWithin(given: Permissions, asked: Permissions): void {
  const missing = lacking(asked, (name, value) => {
    const scope = given[name];
    if (scope === null || value === null) return scope === null;
    return scope.includes(value) || (isOfPaths(name) && scope.some((path) => isWithin(value, path)));
  });
  if (missing === null) return;
  throw new Error(
    `Cannot apply the config: the data process runs without ${permissionFlags(missing).join(" ")}; start Sluice again`,
  );
}

function isOfPaths(name: PermissionName): boolean {
  return name === "read" || name === "write";
}

const keys = { net: "host", read: "path", write: "path", env: "variable", sys: "kind", run: "command" };

function isGranted(name: PermissionName, value: string | null): boolean {
  const descriptor = { name, ...(value !== null && { [keys[name]]: value }) };
  return Deno.permissions.querySync(descriptor).state === "granted";
}
