import { readFileSync } from "node:fs";

export interface ServerArguments {
  readonly port: number;
  readonly upstream: string;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
}

/** Reads `<port> <upstream port> [<certificate file> <key file>]`. */
export function serverArguments(): ServerArguments {
  const [port, upstreamPort, cert, key] = process.argv.slice(2);
  return {
    port: Number(port),
    upstream: `http://127.0.0.1:${upstreamPort}`,
    tls: cert && key ? { cert: readFileSync(cert), key: readFileSync(key) } : null,
  };
}

/** Longer than any row, in ms: idle connections have to stay. */
export const keepAliveTimeout = 120_000;
