const faults: Readonly<Record<string, string>> = {
  ENOENT: "no file",
  ENOTDIR: "no file",
  EACCES: "no permission",
  EISDIR: "a folder",
};

/** Why a file cannot be read, as the end of a message: `found …`. */
export function fileFault(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return faults[String(code)] ?? code ?? ungranted(error) ?? "unknown error";
}

/**
 * Deno's own errors have no code. Null: it is not that a permission is missing.
 *
 * @example
 * ungranted(error); // "no permission (start with --allow-read=/etc/keys)"
 */
function ungranted(error: unknown): string | null {
  const { name, message } = error as Error;
  const [, kind, value] = /^Requires (\w+) access to "(.*)", /.exec(message) ?? [];
  return name === "NotCapable" && kind !== undefined
    ? `no permission (start with --allow-${kind}=${value})`
    : null;
}
