import { formatAddress } from "../config/address.ts";
import type { Address } from "../config/model.ts";

/** A listener that cannot be had, in one line for the operator. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  /** As the system names it: `EADDRINUSE`, `EACCES`, ... */
  readonly code: string;

  constructor(code: string, address: Address, options?: ErrorOptions) {
    super(`Cannot listen on ${formatAddress(address)}: ${reasons[code] ?? code}`, options);
    this.code = code;
  }
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "address in use",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EADDRNOTAVAIL: "this machine does not have the address",
  EAFNOSUPPORT: "this machine does not have the address family",
  ENOTFOUND: "name does not resolve",
  EAI_AGAIN: "name does not resolve",
  ENOENT: "the directory does not exist",
  ENOTDIR: "the directory does not exist",
  ENOTSOCK: "the file exists and is not a socket",
  ENAMETOOLONG: "the path is too long",
  // A path longer than unix(7) allows; Deno says it of another machine's address, too.
  EINVAL: "the system does not accept the address",
  EMFILE: "too many open files",
};

/** Wraps what binding `address` failed with. */
export function toListenError(error: unknown, address: Address): ListenError {
  if (error instanceof ListenError) return error;
  const code = (error as NodeJS.ErrnoException | null)?.code ?? String(error);
  return new ListenError(code, address, { cause: error });
}
