/** The examples of RFC 9421 and RFC 9530. */
import t from "tap";
import { bytesOf } from "../../../plugins/auth/base64.ts";
import { signatureBase } from "../../../plugins/auth/signature/base.ts";
import { componentValue, type FieldType } from "../../../plugins/auth/signature/component.ts";
import type { SignatureAlgorithm } from "../../../plugins/auth/signature/config.ts";
import { hasDigest } from "../../../plugins/auth/signature/content-digest.ts";
import { readSignatures } from "../../../plugins/auth/signature/input.ts";
import { readSignatureKeys } from "../../../plugins/auth/signature/keys.ts";
import { parseItem } from "../../../plugins/shared/structured-fields/parse.ts";
import { keys, sharedSecret, signed, signedByProxy, signedResponse, testRequest } from "./rfc9421.ts";

const encoder = new TextEncoder();
const none = new Map<string, FieldType>();

async function keyFor(keyid: string, alg: SignatureAlgorithm) {
  const material =
    alg === "hmac-sha256"
      ? { jwk: { kty: "oct", k: sharedSecret } }
      : { pem: keys[keyid as keyof typeof keys] };
  const entry = { keyid, alg, ...material, subject: "", scopes: [], groups: [], claims: {} };
  return (await readSignatureKeys([entry])).get(keyid)!;
}

interface Example {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

function baseOf({ method, url, headers }: Example, input: string, signature: string) {
  const fields = new Headers({ "signature-input": `sig=${input}`, signature: `sig=:${signature}:` });
  const claimed = readSignatures(fields);
  if (claimed === null || claimed === "malformed") throw new Error("it cannot be read");
  const [one] = claimed;
  return {
    claimed: one!,
    base: signatureBase(one!.covered, { method, url, headers: new Headers(headers) }, none),
  };
}

for (const { section, keyid, alg, input, lines, signature } of signed) {
  t.test(`the request of ${section} has its base, and its signature is good`, async (t) => {
    const { claimed, base } = baseOf(testRequest, input, signature);
    t.equal(base, [...lines, `"@signature-params": ${input}`].join("\n"));
    t.equal(claimed.keyid, keyid);
    t.equal(claimed.created, 1_618_884_473);
    const key = await keyFor(keyid, alg);
    t.equal(await key.isSigned(encoder.encode(base!), claimed.bytes), true);
    t.equal(await key.isSigned(encoder.encode(`${base} `), claimed.bytes), false);
    t.equal(
      await key.isSigned(
        encoder.encode(base!),
        claimed.bytes.map((byte) => byte ^ 1),
      ),
      false,
    );
    t.equal(await key.isSigned(encoder.encode(base!), claimed.bytes.slice(1)), false);
    t.equal(await key.isSigned(encoder.encode(base!), new Uint8Array(0)), false);
  });
}

t.test("the request of B.3 has its base, and its signature is good", async (t) => {
  const { request, input, signature, keyid } = signedByProxy;
  const { claimed, base } = baseOf(request, input, signature);
  const key = await keyFor(keyid, "ecdsa-p256-sha256");
  t.equal(await key.isSigned(encoder.encode(base!), claimed.bytes), true);
  t.equal(await key.isSigned(encoder.encode(base!.replace("POST", "GET")), claimed.bytes), false);
});

t.test(
  "the signature of B.2.4 is good, and what belongs to a response is no part of a request",
  async (t) => {
    const { base, body, signature } = signedResponse;
    const key = await keyFor("test-key-ecc-p256", "ecdsa-p256-sha256");
    t.equal(await key.isSigned(encoder.encode(base), bytesOf(signature)), true);
    t.equal(baseOf(testRequest, base.split('"@signature-params": ')[1]!, signature).base, null);
    const [, digest = ""] = /"content-digest": (.*)/.exec(base) ?? [];
    t.equal(hasDigest(digest, encoder.encode(body), null), true);
  },
);

t.test("components have the values of section 2", async (t) => {
  const request = (url: string, headers: Record<string, string> = {}, method = "POST") => ({
    method,
    url,
    headers: new Headers(headers),
  });
  const value = (identifier: string, of: ReturnType<typeof request>, types = none) =>
    componentValue(parseItem(identifier)!, of, types);
  const derived = request("https://www.example.com/path?param=value");
  t.equal(value('"@method"', derived), "POST");
  t.equal(value('"@target-uri"', derived), "https://www.example.com/path?param=value");
  t.equal(value('"@authority"', derived), "www.example.com");
  t.equal(value('"@scheme"', derived), "https");
  t.equal(value('"@request-target"', derived), "/path?param=value");
  t.equal(value('"@path"', derived), "/path");
  t.equal(value('"@query"', derived), "?param=value");
  t.equal(value('"@query"', request("https://a/path?")), "?");
  t.equal(value('"@query"', request("https://a/path")), "?");
  t.equal(value('"@path"', request("https://a")), "/");
  t.equal(value('"@authority"', request("HTTPS://WWW.Example.COM:443/")), "www.example.com");
  t.equal(value('"@authority"', request("http://Example.com:443/")), "example.com:443");
  for (const name of ["@status", "@signature-params", "@unknown", "@"])
    t.equal(value(`"${name}"`, derived), null, name);
  t.equal(value('"@method";req', derived), null);
  t.equal(value("method", derived), null, "a token is no name");

  const parameters = request(
    "https://www.example.com/path?param=value&foo=bar&baz=batman&qux=&twice=1&twice=2",
  );
  const param = (name: string, of = parameters) => value(`"@query-param";name="${name}"`, of);
  t.equal(param("baz"), "batman");
  t.equal(param("qux"), "");
  t.equal(param("param"), "value");
  t.equal(param("twice"), null);
  t.equal(param("missing"), null);
  t.equal(value('"@query-param"', parameters), null);
  t.equal(value('"@query-param";name="qux";req', parameters), null);
  const odd = request(
    "https://www.example.com/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something&x=%7e!'()*",
  );
  t.equal(param("var", odd), "this%20is%20a%20big%0Amultiline%20value");
  t.equal(param("bar", odd), "with%20plus%20whitespace");
  t.equal(param("fa%C3%A7ade%22%3A%20", odd), "something");
  t.equal(param("x", odd), "%7E%21%27%28%29*");

  const fields = request("https://a/", {
    "x-ows-header": "  Leading and trailing whitespace.   ",
    "x-empty-header": "",
    "cache-control": "max-age=60, must-revalidate",
    "example-dict": " a=1,    b=2;x=1;y=2,   c=(a   b   c), d",
    "example-header": "value, with, lots",
  });
  t.equal(value('"x-ows-header"', fields), "Leading and trailing whitespace.");
  t.equal(value('"x-empty-header"', fields), "");
  t.equal(value('"cache-control"', fields), "max-age=60, must-revalidate");
  t.equal(value('"example-dict"', fields), "a=1,    b=2;x=1;y=2,   c=(a   b   c), d");
  const types = new Map<string, FieldType>([
    ["example-dict", "dictionary"],
    ["example-header", "item"],
  ]);
  t.equal(value('"example-dict";sf', fields, types), "a=1, b=2;x=1;y=2, c=(a b c), d");
  t.equal(value('"example-dict";sf', fields), null, "nobody knows its type");
  t.equal(value('"example-header";sf', fields, types), null, "it is no item");
  for (const [key, text] of Object.entries({ a: "1", d: "?1", b: "2;x=1;y=2", c: "(a b c)" })) {
    t.equal(value(`"example-dict";key="${key}"`, fields), text);
  }
  t.equal(value('"example-dict";key="e"', fields), null);
  t.equal(value('"example-dict";key=a', fields), null);
  t.equal(value('"example-header";bs', fields), ":dmFsdWUsIHdpdGgsIGxvdHM=:");
  for (const parameters of ["bs;sf", 'bs;key="a"', "tr", "req", "sf=?0", "x=1"]) {
    t.equal(value(`"example-dict";${parameters}`, fields, types), null, parameters);
  }
  t.equal(value('"Cache-Control"', fields), null, "names have no capitals");
  t.equal(value('"missing"', fields), null);
  t.equal(value('"a b"', fields), null);
});

t.test("digests are those of RFC 9530", async (t) => {
  const body = encoder.encode('{"hello": "world"}');
  const sha256 = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";
  const sha512 = testRequest.headers["content-digest"];
  t.equal(hasDigest(sha256, body, null), true);
  t.equal(hasDigest(`${sha256}, ${sha512}`, body, null), true);
  t.equal(hasDigest(`md5=:AAAA:, ${sha256}`, body, null), true, "what is not safe says nothing");
  t.equal(hasDigest(sha256, encoder.encode('{"hello": "world"} '), null), false);
  t.equal(hasDigest(`${sha256}, sha-512=:AAAA:`, body, null), false, "each has to be right");
  t.equal(hasDigest(`sha-512=:AAAA:, ${sha256}`, body, ["sha-256"]), true);
  t.equal(hasDigest(`sha-512=:AAAA:, ${sha256}`, body, ["sha-512"]), false);
  for (const field of [
    "",
    "md5=:AAAA:",
    "sha-256",
    'sha-256="X48E"',
    "sha-256=()",
    "sha-256=::",
    "SHA-256=:AAAA:",
    "constructor=:AAAA:",
    "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:,",
  ]) {
    t.equal(hasDigest(field, body, null), false, field);
  }
});
