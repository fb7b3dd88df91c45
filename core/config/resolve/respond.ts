import { isToken } from "../names.ts";
import { defaultRespond } from "../route-defaults.ts";
import type { RespondConfig } from "../route-model.ts";
import type { RespondInFile } from "../schema/answer.ts";
import type { ConfigSource } from "../source/source.ts";
import type { Path } from "../source/value-path.ts";

/** Bytes: every worker holds it, and the config is shown with it. */
const longestBody = 64 * 1024;

/** RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5. */
const bodyless: readonly number[] = [204, 205, 304];

/** They frame the message or belong to this hop: the proxy writes them (CVE-2026-1525). */
const owned: readonly string[] = [
  "connection",
  "content-length",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via",
];

/** A response that is always the same; what is wrong with it is reported to the source. */
export function resolveRespond(written: RespondInFile, path: Path, source: ConfigSource): RespondConfig {
  const { status = defaultRespond.status, headers = {} } = written;
  const fields = resolveFields(headers, [...path, "headers"], source);
  const content = resolveContent(written, path, source);
  if (content === null) return { status, headers: fields, body: null };
  if (bodyless.includes(status)) {
    source.reportKey(
      [...path, content.key],
      `expected no body beside status ${status}, found ${content.key}`,
    );
  }
  if (Buffer.byteLength(content.body) > longestBody) {
    source.report(
      [...path, content.key],
      `expected a body of at most ${longestBody} bytes, found a longer one`,
    );
  }
  const hasType = fields.some(({ name }) => name.toLowerCase() === "content-type");
  const type = { name: "Content-Type", value: content.type };
  return { status, headers: hasType ? fields : [type, ...fields], body: content.body };
}

function resolveContent(
  { body, json }: RespondInFile,
  path: Path,
  source: ConfigSource,
): { readonly key: "body" | "json"; readonly body: string; readonly type: string } | null {
  if (body !== undefined && json !== undefined) {
    source.reportKey([...path, "json"], "expected body or json, found both");
  }
  if (body !== undefined) return { key: "body", body, type: "text/plain; charset=utf-8" };
  if (json === undefined) return null;
  return { key: "json", body: JSON.stringify(json), type: "application/json" };
}

function resolveFields(
  headers: NonNullable<RespondInFile["headers"]>,
  path: Path,
  source: ConfigSource,
): RespondConfig["headers"] {
  const names = new Set<string>();
  return Object.entries(headers).map(([name, value]) => {
    const lower = name.toLowerCase();
    const place = [...path, name];
    if (!isToken(name)) source.reportKey(place, `expected a field name, found ${JSON.stringify(name)}`);
    else if (owned.includes(lower))
      source.reportKey(place, `expected a field that is not the proxy's own, found ${name}`);
    else if (names.has(lower)) source.reportKey(place, `expected each field once, found ${name} again`);
    // RFC 9110 section 5.5; what splits a response is none of it.
    if (!/^(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?$/.test(value)) {
      source.expect(place, "visible ASCII characters without blanks around them", value);
    }
    names.add(lower);
    return { name, value };
  });
}
