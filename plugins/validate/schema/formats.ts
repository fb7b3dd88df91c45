/** Validation section 7.3: formats that are known. Unknown ones are remarks, as the specification says. */

import type { Json } from "../../shared/json/json.ts";
import { isAddress4, isAddress6, isDate, isDateTime, isDuration, isTime } from "./time-and-address.ts";

const text = (test: RegExp | ((value: string) => boolean)) => {
  const fits = typeof test === "function" ? test : (value: string) => test.test(value);
  return (value: Json): boolean => typeof value !== "string" || fits(value);
};

const number = (fits: (value: number) => boolean) => (value: Json) =>
  typeof value !== "number" || fits(value);

const percent = "%[0-9A-Fa-f]{2}";
const segment = `(?:[\\w.~!$&'()*+,;=:@/-]|${percent})*`;
const query = `(?:[\\w.~!$&'()*+,;=:@/?-]|${percent})*`;
const authority = `(?:(?:[\\w.~!$&'()*+,;=:-]|${percent})*@)?(?:\\[[0-9A-Fa-f:.]+\\]|(?:[\\w.~!$&'()*+,;=-]|${percent})*)(?::\\d*)?`;
const uri = new RegExp(
  `^[A-Za-z][A-Za-z\\d+.-]*:(?://${authority}(?:/${segment})?|(?!//)${segment})(?:\\?${query})?(?:#${query})?$`,
);
const relative = new RegExp(
  `^(?://${authority}(?:/${segment})?|(?!//)(?![^/?#]*:)${segment})(?:\\?${query})?(?:#${query})?$`,
);

const isUri = (value: string) => uri.test(value);
const isReference = (value: string) => isUri(value) || relative.test(value);
/** RFC 3987: an IRI is a URI once what is beyond ASCII is escaped. */
const mapped = (value: string) =>
  value.replaceAll(/[\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef]|[\ud800-\udbff][\udc00-\udfff]/g, "x");

const label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const hostname = new RegExp(`^(?=.{1,253}$)${label}(?:\\.${label})*$`);
const atom = "[\\w!#$%&'*+/=?^`{|}~-]+";
const mailbox = new RegExp(
  `^(?:${atom}(?:\\.${atom})*|"(?:[^"\\\\\\x00-\\x1f\\x7f-\\uffff]|\\\\[ -~])*")@([^@]+)$`,
);

function isEmail(value: string): boolean {
  const domain = mailbox.exec(value)?.[1];
  if (domain === undefined || value.length > 320) return false;
  const literal = /^\[(IPv6:)?(.*)\]$/.exec(domain);
  if (!literal) return hostname.test(domain);
  return literal[1] ? isAddress6(literal[2]!) : isAddress4(literal[2]!);
}

function isExpression(value: string): boolean {
  try {
    new RegExp(value, "u");
    return true;
  } catch {
    return false;
  }
}

export const formats: Readonly<Record<string, (value: Json) => boolean>> = {
  "date-time": text(isDateTime),
  date: text(isDate),
  time: text(isTime),
  duration: text(isDuration),
  email: text(isEmail),
  "idn-email": text((value) => isEmail(value.replaceAll(/[\u0080-\uffff]/g, "x"))),
  hostname: text(hostname),
  ipv4: text(isAddress4),
  ipv6: text(isAddress6),
  uri: text(isUri),
  "uri-reference": text(isReference),
  iri: text((value) => isUri(mapped(value))),
  "iri-reference": text((value) => isReference(mapped(value))),
  "uri-template": text(
    /^(?:[^\p{Cc}\s"'<>\\^`{|}%]|%[0-9A-Fa-f]{2}|\{[+#./;?&=,!@|]?[\w.%]+(?::\d{1,4}|\*)?(?:,[\w.%]+(?::\d{1,4}|\*)?)*\})*$/u,
  ),
  uuid: text(/^[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$/),
  "json-pointer": text(/^(?:\/(?:[^~/]|~[01])*)*$/),
  "relative-json-pointer": text(/^(?:0|[1-9]\d*)(?:#|(?:\/(?:[^~/]|~[01])*)*)$/),
  regex: text(isExpression),
  // The formats of OpenAPI 3.1 (section 4.4) that narrow something down.
  int32: number((value) => Number.isInteger(value) && Math.abs(value + 0.5) < 2 ** 31),
  int64: number((value) => Number.isInteger(value) && value >= -(2 ** 63) && value <= 2 ** 63),
  byte: text(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/),
};
