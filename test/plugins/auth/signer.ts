/** Signs requests (RFC 9421) with `node:crypto`, by the letter of the RFC and without the code under test. */
import { constants, createHash, createHmac, type KeyObject, sign } from "node:crypto";

export interface SigningKey {
  readonly keyid: string;
  readonly alg: string;
  /** A private key, or a secret. */
  readonly key: KeyObject | string;
}

export interface Signing {
  readonly method?: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Identifiers as they are signed, `"@method"`. */
  readonly covered?: readonly string[];
  readonly params?: Readonly<Record<string, string | number | undefined>>;
  readonly label?: string;
  /** Of identifiers that are no names of fields alone. */
  readonly values?: Readonly<Record<string, string>>;
}

const digestOf = (body: string) => `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;

/** The request, signed. What `params` says of `created`, `nonce` and the others takes the place of what is usual. */
export function signedRequest({ keyid, alg, key }: SigningKey, signing: Signing = {}) {
  const { method = "GET", url = "http://localhost/", body, label = "sig" } = signing;
  const headers = { ...(body !== undefined && { "content-digest": digestOf(body) }), ...signing.headers };
  const covered = signing.covered ?? [
    ...['"@method"', '"@authority"', '"@path"', '"@query"'],
    ...(body === undefined ? [] : ['"content-digest"']),
  ];
  const params = {
    created: Math.floor(Date.now() / 1000),
    nonce: crypto.randomUUID(),
    keyid,
    ...signing.params,
  };
  const list = Object.entries(params).filter(([, value]) => value !== undefined);
  const input = `(${covered.join(" ")})${list.map(([name, value]) => `;${name}=${JSON.stringify(value)}`).join("")}`;
  const { host, pathname, search, protocol } = new URL(url);
  const values: Readonly<Record<string, string | undefined>> = {
    '"@method"': method,
    '"@authority"': host,
    '"@scheme"': protocol.slice(0, -1),
    '"@path"': pathname,
    '"@query"': search || "?",
    '"@target-uri"': url,
    '"@request-target"': pathname + search,
    ...signing.values,
  };
  const lines = covered.map(
    (name) => `${name}: ${values[name] ?? headers[JSON.parse(name) as keyof typeof headers]}`,
  );
  const base = [...lines, `"@signature-params": ${input}`].join("\n");
  const signature = signText(alg, key, base).toString("base64");
  return {
    url,
    init: {
      method,
      headers: { ...headers, "signature-input": `${label}=${input}`, signature: `${label}=:${signature}:` },
      ...(body !== undefined && { body }),
    },
  };
}

function signText(alg: string, key: KeyObject | string, text: string): Buffer {
  const bytes = Buffer.from(text);
  if (alg === "hmac-sha256") return createHmac("sha256", key).update(bytes).digest();
  const privateKey = key as KeyObject;
  switch (alg) {
    case "ed25519":
      return sign(null, bytes, privateKey);
    case "rsa-v1_5-sha256":
      return sign("sha256", bytes, privateKey);
    case "rsa-pss-sha512":
      return sign("sha512", bytes, {
        key: privateKey,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: 64,
      });
    default:
      return sign(alg.slice(-6), bytes, { key: privateKey, dsaEncoding: "ieee-p1363" });
  }
}
