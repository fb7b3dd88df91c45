import { getCACertificates } from "node:tls";

/**
 * The authorities that the system trusts, in PEM. Null: the runtime's own list stands in, as for images that have none.
 * So it does on Deno, which gives no list to a process with less than all of `--allow-sys`.
 */
export function systemAuthorities(): string[] | null {
  try {
    const ca = getCACertificates("system");
    return ca.length > 0 ? ca : null;
  } catch (error) {
    if ((error as Error).name === "NotCapable") return null;
    throw error;
  }
}
