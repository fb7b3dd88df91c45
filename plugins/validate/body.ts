import { isUtf8 } from "../shared/charset.ts";
import { type Finding, malformed, unsupported } from "./finding.ts";
import { readJson } from "./read-json.ts";
import type { Validate } from "./schema/validator.ts";

/** A kind of body and what it has to fit; null: anything. */
export interface Media {
  /** Lower-case, with `*` for any: `application/json`, `text/*`. */
  readonly type: string;
  readonly validate: Validate | null;
}

export interface BodyRule {
  readonly required: boolean;
  readonly media: readonly Media[];
}

interface Fields {
  get(name: string): string | null;
}

/**
 * Checks a body by its type. Only JSON is looked into.
 *
 * @returns null when it fits
 */
export function checkBody(bytes: Uint8Array, headers: Fields, { required, media }: BodyRule): Finding | null {
  if (bytes.length === 0) return required ? malformed("must have a body") : null;
  const type = typeOf(headers.get("content-type"));
  if (type === null) return unsupported("must have one valid Content-Type, in UTF-8");
  const found = mediaFor(type, media);
  if (!found) return unsupported(`must be of type ${media.map((each) => each.type).join(" or ")}`);
  if (found.validate === null) return null;
  // What is packed cannot be looked into, and unchecked it does not pass.
  const coding = headers.get("content-encoding");
  if (coding !== null && coding.toLowerCase() !== "identity")
    return unsupported("must have no Content-Encoding");
  if (!isJson(type)) return null;
  const read = readJson(bytes);
  if ("problem" in read) return malformed(read.problem);
  const errors = found.validate(read.value);
  return errors.length === 0 ? null : { status: 422, title: "The body does not fit its schema", errors };
}

export function isJson(type: string): boolean {
  return /^[^/]+\/(?:[^/]+\+)?json$/.test(type) || type === "application/*+json";
}

/** The essence of a Content-Type (RFC 9110 section 8.3.1); null: it is none, or not in UTF-8. */
function typeOf(value: string | null): string | null {
  const match = /^\s*([\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+)\s*((?:;[^,]*)?)$/.exec(value ?? "");
  if (!match) return null;
  return isUtf8(match[2]!) ? match[1]!.toLowerCase() : null;
}

/** The most exact one wins, as OpenAPI 3.1 says of `content` (section 4.8.14.1). */
function mediaFor(type: string, media: readonly Media[]): Media | undefined {
  const range = `${type.slice(0, type.indexOf("/"))}/*`;
  const suffix = isJson(type) ? "application/*+json" : "";
  for (const name of [type, suffix, range, "*/*"]) {
    const found = media.find((each) => each.type === name);
    if (found) return found;
  }
  return undefined;
}
