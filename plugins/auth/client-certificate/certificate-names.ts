/** The names in a client's certificate, from the texts in which the runtime tells them. */
import type { ClientCertificate } from "sluice/sdk";

/** Kinds of names that rules can ask for. */
export const nameKinds = ["cn", "ou", "o", "dns", "uri", "email", "ip", "issuer", "fingerprint"] as const;

export type NameKind = (typeof nameKinds)[number];

/** All names of each kind, in their order. */
export type CertificateNames = Readonly<Record<NameKind, readonly string[]>>;

/**
 * @returns null for a text that is not understood: then no name of it is believed
 *
 * @example
 * namesOf(certificate)?.dns; // ["billing.internal"]
 */
export function namesOf(certificate: ClientCertificate): CertificateNames | null {
  const attributes = readAttributes(certificate.subject);
  const issuer = readAttributes(certificate.issuer);
  const alternatives = readAlternatives(certificate.subjectAltName ?? "");
  if (attributes === null || issuer === null || alternatives === null) return null;
  return {
    cn: valuesOf(attributes, "CN"),
    ou: valuesOf(attributes, "OU"),
    o: valuesOf(attributes, "O"),
    dns: valuesOf(alternatives, "DNS").map((name) => name.toLowerCase()),
    uri: valuesOf(alternatives, "URI"),
    email: valuesOf(alternatives, "email"),
    ip: valuesOf(alternatives, "IP Address"),
    issuer: valuesOf(issuer, "CN"),
    fingerprint: [plainFingerprint(certificate.fingerprint256)],
  };
}

/** Hexadecimal in lower case, without colons. */
export function plainFingerprint(text: string): string {
  return text.replaceAll(":", "").toLowerCase();
}

type Pair = readonly [name: string, value: string];

function valuesOf(pairs: readonly Pair[], wanted: string): string[] {
  return pairs.filter(([name]) => name === wanted).map(([, value]) => value);
}

/**
 * A distinguished name, one attribute per line, or several with `+` between. The runtime escapes with a backslash what
 * has a meaning of its own, line ends among it, so a value cannot hold an attribute (CVE-2021-44533).
 *
 * @example
 * readAttributes("O=Example\\, Inc\nCN=billing"); // [["O", "Example, Inc"], ["CN", "billing"]]
 */
export function readAttributes(text: string): readonly Pair[] | null {
  const pairs: Pair[] = [];
  for (const part of text.match(/(?:\\[\s\S]|[^\\+\n])+/g) ?? []) {
    const [, name, value] = /^\s*([\w.-]+)=([\s\S]*?)\s*$/.exec(part) ?? [];
    if (name === undefined) return null;
    pairs.push([name, unescaped(value!)]);
  }
  return pairs;
}

/** RFC 4514, section 2.4: `\2C` or `\,`; bytes of UTF-8 as pairs of digits. */
function unescaped(value: string): string {
  return value.replaceAll(/(?:\\[0-9A-Fa-f]{2})+|\\([\s\S])/g, (found, one?: string) => {
    if (one !== undefined) return one;
    const bytes = Uint8Array.from(found.slice(1).split("\\"), (pair) => Number.parseInt(pair, 16));
    return new TextDecoder().decode(bytes);
  });
}

/**
 * Alternative names: `DNS:a, URI:b`. A value that holds something with a meaning is a text of JSON (CVE-2021-44532), so a
 * name that is spelled `x, DNS:admin` is one name.
 *
 * @example
 * readAlternatives('DNS:"evil, DNS:admin", IP Address:10.0.0.1'); // [["DNS", "evil, DNS:admin"], ["IP Address", "10.0.0.1"]]
 */
export function readAlternatives(text: string): readonly Pair[] | null {
  const pairs: Pair[] = [];
  const entry = /([A-Za-z][\w .-]*?):("(?:[^"\\]|\\.)*"|[^",]*(?=,|$))(?:, |$)/y;
  while (entry.lastIndex < text.length) {
    const found = entry.exec(text);
    if (found === null) return null;
    const [, name, value] = found;
    const plain = value!.startsWith('"') ? readJsonText(value!) : value!;
    if (plain === null) return null;
    pairs.push([name!, plain]);
  }
  return pairs;
}

function readJsonText(text: string): string | null {
  try {
    return JSON.parse(text) as string;
  } catch {
    return null;
  }
}
