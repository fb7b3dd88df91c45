const faults: Readonly<Record<string, string>> = {
  ENOENT: "no file",
  ENOTDIR: "no file",
  EACCES: "no permission",
  EISDIR: "a folder",
};

/** Why a file cannot be read, as the end of a message: `found …`. */
export function fileFault(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return faults[String(code)] ?? String(code);
}
