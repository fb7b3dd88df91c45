/** Arbitrary well-formed messages for fast-check: their bytes, and the log that reading them must give. */
import fc from "fast-check";
import { escapeBytes } from "./escapes.ts";

export interface Message {
  /** One byte a character. */
  readonly text: string;
  /** As `replay` writes it. */
  readonly log: readonly string[];
}

type Field = readonly [name: string, value: string];

interface Body {
  readonly fields: readonly Field[];
  readonly text: string;
  readonly data: string;
  readonly trailers: readonly Field[];
}

const anyByte = fc.nat(255).map((code) => String.fromCharCode(code));
const bytes = fc.string({ unit: anyByte, maxLength: 24 });
const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/);

/** The prefix keeps the name clear of those that mean something. */
const name = token.map((text) => `X-T${text}`);
const value = fc
  .string({ unit: anyByte.filter((character) => /[\t\x20-\x7e\x80-\xff]/.test(character)), maxLength: 16 })
  .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ""));
const fields = fc.array(fc.tuple(name, value), { maxLength: 4 });

const noBody = fc.constant<Body>({ fields: [], text: "", data: "", trailers: [] });

const measuredBody = bytes.map((data): Body => {
  return { fields: [["Content-Length", `${data.length}`]], text: data, data, trailers: [] };
});

const extension = fc.oneof(
  fc.constant(""),
  token.map((text) => `;${text}`),
  fc.tuple(token, token).map(([key, text]) => `;${key}=${text}`),
  token.map((text) => `;${text}="\\"; ${text}"`),
);

const chunk = fc
  .tuple(bytes, extension, fc.boolean(), fc.nat(3))
  .filter(([data]) => data !== "")
  .map(([data, extension, upper, zeros]) => {
    const size = "0".repeat(zeros) + data.length.toString(16);
    return { data, text: `${upper ? size.toUpperCase() : size}${extension}\r\n${data}\r\n` };
  });

const chunkedBody = fc
  .tuple(fc.array(chunk, { maxLength: 4 }), extension, fields)
  .map(([chunks, extension, trailers]): Body => {
    const joined = chunks.map(({ text }) => text).join("");
    return {
      fields: [["Transfer-Encoding", "chunked"]],
      text: `${joined}0${extension}\r\n${fieldLines(trailers)}\r\n`,
      data: chunks.map(({ data }) => data).join(""),
      trailers,
    };
  });

const body = fc.oneof(noBody, measuredBody, chunkedBody);
const path = fc.stringMatching(/^\/[A-Za-z0-9_~;=/-]{0,12}$/);
const query = fc.stringMatching(/^(\?[A-Za-z0-9&=%./?-]{0,8})?$/);
const method = fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

const form = fc.constantFrom("origin", "absolute");

export const request: fc.Arbitrary<Message> = fc
  .tuple(method, form, path, query, fields, body)
  .map(([method, form, path, query, extra, body]) => {
    const all: Field[] = [["Host", "a.example"], ...extra, ...body.fields];
    const target = `${form === "absolute" ? "http://b.example" : ""}${path}${query}`;
    const text = `${method} ${target} HTTP/1.1\r\n${fieldLines(all)}\r\n${body.text}`;
    const head = [`head ${method} ${target} HTTP/1.1`, `path ${path}`, `query ${query}`.trimEnd()];
    const authority = `authority ${form === "absolute" ? "b" : "a"}.example`;
    return { text, log: [...head, authority, ...logOf("field", all), ...bodyLog(body)] };
  });

const status = fc.integer({ min: 200, max: 599 }).filter((status) => status !== 204 && status !== 304);

export const response: fc.Arbitrary<Message> = fc
  .tuple(status, value, fields, fc.oneof(measuredBody, chunkedBody))
  .map(([status, reason, extra, body]) => {
    const all = [...extra, ...body.fields];
    const text = `HTTP/1.1 ${status} ${reason}\r\n${fieldLines(all)}\r\n${body.text}`;
    return { text, log: [`head ${status} HTTP/1.1`, ...logOf("field", all), ...bodyLog(body)] };
  });

/** Blanks of every kind round the values that mean nothing; those that frame are written plainly. */
function fieldLines(fields: readonly Field[]): string {
  const line = ([name, value]: Field) =>
    name.startsWith("X-") ? `${name}:\t${value} \t\r\n` : `${name}: ${value}\r\n`;
  return fields.map(line).join("");
}

function logOf(kind: string, fields: readonly Field[]): string[] {
  return fields.map(([name, value]) =>
    escapeBytes(value === "" ? `${kind} ${name}:` : `${kind} ${name}: ${value}`),
  );
}

function bodyLog({ data, trailers }: Body): string[] {
  const lines = data === "" ? [] : [escapeBytes(`body ${data}`)];
  return [...lines, ...logOf("trailer", trailers), "end"];
}
