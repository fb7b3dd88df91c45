/**
 * Which certificate a client is shown, by the server name it asks for (SNI, RFC 6066 section 3):
 * a configured name, a configured wildcard, a name or wildcard in a certificate, the first entry.
 */
export interface CertificateTable<Context> {
  /** @param serverName as the client sent it; empty when it sent none. */
  select(serverName: string): Context;
}

export interface CertificateEntry<Context> {
  readonly context: Context;
  /** Exact names or `*.example.com`, as configured; empty: those in the certificate. */
  readonly hosts: readonly string[];
  /** `X509Certificate.subjectAltName`. */
  readonly subjectAltName: string | undefined;
}

/** @param entries at least one; of two that claim a name the first wins. */
export function createCertificateTable<Context>(
  entries: readonly CertificateEntry<Context>[],
): CertificateTable<Context> {
  const configured = new Map<string, Context>();
  const certified = new Map<string, Context>();
  for (const { hosts, subjectAltName, context } of entries) {
    if (hosts.length > 0) addNames(configured, hosts, context);
    else addNames(certified, dnsNames(subjectAltName), context);
  }
  const fallback = entries[0]!.context;
  return {
    select(serverName) {
      const name = serverName.toLowerCase();
      return lookUp(configured, name) ?? lookUp(certified, name) ?? fallback;
    },
  };
}

function addNames<Context>(names: Map<string, Context>, added: readonly string[], context: Context): void {
  for (const name of added) {
    const key = name.toLowerCase();
    if (!names.has(key)) names.set(key, context);
  }
}

/** A wildcard stands for exactly one label, as clients read it in certificates (RFC 9525 section 6.3). */
function lookUp<Context>(names: ReadonlyMap<string, Context>, name: string): Context | undefined {
  const exact = names.get(name);
  if (exact !== undefined) return exact;
  const dot = name.indexOf(".");
  return dot > 0 ? names.get(`*${name.slice(dot)}`) : undefined;
}

/** The runtime quotes a name with a comma in it; such a name is no host name and is left out. */
function dnsNames(subjectAltName: string | undefined): string[] {
  return (subjectAltName ?? "")
    .split(", ")
    .filter((name) => name.startsWith("DNS:") && !name.includes('"'))
    .map((name) => name.slice("DNS:".length));
}
