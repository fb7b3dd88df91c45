/** The resources of one kind, as Deno writes them; null: all there are. */
export type Scope = readonly string[] | null;

/** What a process may reach, in the words of Deno: https://docs.deno.com/runtime/fundamentals/security */
export interface Permissions {
  /** `host:port`, `host` for every port, `unix:/path`. */
  readonly net: Scope;
  /** Absolute paths, with what lies below them. */
  readonly read: Scope;
  /** Absolute paths, with what lies below them. */
  readonly write: Scope;
  /** Names of variables. */
  readonly env: Scope;
  /** Names of functions. */
  readonly sys: Scope;
  /** Absolute paths of programs. */
  readonly run: Scope;
}

export type PermissionName = keyof Permissions;

const names: readonly PermissionName[] = ["net", "read", "env", "run", "sys", "write"];

/**
 * The options of `deno run` that give these permissions and no more.
 *
 * @throws Error for a path with a comma
 *
 * @example
 * permissionFlags({ net: ["127.0.0.1:80"], read: null, write: [], env: [], sys: [], run: [] });
 * // ["--allow-net=127.0.0.1:80", "--allow-read"]
 */
export function permissionFlags(permissions: Permissions): string[] {
  return names.flatMap((name) => {
    const scope = permissions[name];
    if (scope === null) return [`--allow-${name}`];
    const values = [...new Set(scope)];
    for (const value of values) refuseComma(name, value);
    return values.length === 0 ? [] : [`--allow-${name}=${values.join(",")}`];
  });
}

/** Deno takes none for a part of a path: `/etc,old` would give `/etc`. */
function refuseComma(name: PermissionName, value: string): void {
  if (!value.includes(",")) return;
  throw new Error(
    `Cannot give Deno --allow-${name} of "${value}": it reads a comma as the end of a path; use a path without one`,
  );
}

/**
 * What of `asked` is not there.
 *
 * @param isGiven whether one resource may be reached; of the value null, all of its kind
 * @returns null when everything is
 */
export function lacking(
  asked: Permissions,
  isGiven: (name: PermissionName, value: string | null) => boolean,
): Permissions | null {
  const missing = { ...asked };
  for (const name of names) {
    const scope = asked[name];
    if (scope !== null) missing[name] = scope.filter((value) => !isGiven(name, value));
    else if (isGiven(name, null)) missing[name] = [];
  }
  return names.every((name) => missing[name]?.length === 0) ? null : missing;
}
